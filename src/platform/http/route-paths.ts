import type { Route } from './route.ts';

/**
 * The routes by their path, a fixed path before one that has a parameter in the same place: `/approvals/preview` would
 * otherwise be taken for the approval `preview`.
 */
export function byPath(routes: readonly Route[]): [path: string, routes: Route[]][] {
  return [...Map.groupBy(routes, (route) => route.path)].toSorted(([a], [b]) => compareText(sortKey(a), sortKey(b)));
}

/** A parameter sorts behind every letter that a path may have. */
function sortKey(path: string): string {
  return path.replaceAll(/\{\w+\}/g, '~');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `/teams/{team}`, as OpenAPI writes it, as Express writes it: `/teams/:team`. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** `/teams/:team`, as Express writes it, as OpenAPI writes it. */
export function openApiPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}
