import type { Express } from 'express';

/** What Express knows of a route or a router that was mounted. Its own types do not tell. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

const READING = new Set(['get', 'head', 'options', '_all']);

/** Every route of the application that is not for reading, as `POST /r/{token}`: those of the API and those of the pages. */
export function changingRoutes(app: Express): string[] {
  const { stack } = app.router as { readonly stack: readonly Layer[] };
  return [...new Set(stack.flatMap(routesIn))].toSorted();
}

function routesIn({ route, handle }: Layer): string[] {
  if (!route) return (handle?.stack ?? []).flatMap(routesIn);
  const methods = Object.keys(route.methods).filter((method) => !READING.has(method));
  return methods.map((method) => `${method.toUpperCase()} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
}
