import { METHODS } from './openapi.ts';
import type {
  Components,
  Endpoint,
  MediaType,
  Method,
  OpenApiDocument,
  Operation,
  PathItem,
  Reference,
  TagGroup,
} from './openapi.ts';

const UNTAGGED = 'Other';

/**
 * Follows references into a section of the document's `components` (`#/components/<section>/<name>`) until something that is none.
 * @returns `null` for a reference that leads nowhere, elsewhere, or round in a circle.
 */
export function resolve<K extends keyof Components>(
  document: OpenApiDocument,
  section: K,
  value: Components[K] | Reference,
): Components[K] | null {
  const components: Readonly<Record<string, Components[K] | Reference>> = document.components?.[section] ?? {};
  const seen = new Set<string>();
  let current: Components[K] | Reference | undefined = value;
  while (current !== undefined && isReference(current)) {
    if (seen.has(current.$ref)) return null;
    seen.add(current.$ref);
    current = components[nameIn(section, current.$ref) ?? ''];
  }
  return current ?? null;
}

function isReference(value: object): value is Reference {
  return '$ref' in value && typeof value.$ref === 'string';
}

function nameIn(section: string, reference: string): string | null {
  const prefix = `#/components/${section}/`;
  return reference.startsWith(prefix) ? decodePointer(reference.slice(prefix.length)) : null;
}

/** RFC 6901, section 4: `~1` is `/`, `~0` is `~`; in a URI fragment also percent-encoded. */
function decodePointer(token: string): string {
  return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The name of a referenced component: `#/components/schemas/Approval` is `Approval`. */
export function referenceName(reference: string): string {
  return decodePointer(reference.slice(reference.lastIndexOf('/') + 1));
}

/** The document's endpoints by tag: tags in the document's order, then those it does not announce; endpoints in the order of the paths. */
export function groupByTag(document: OpenApiDocument): readonly TagGroup[] {
  const endpoints = Object.entries(document.paths ?? {}).flatMap(([path, item]) => endpointsOf(document, path, item));
  const announced = document.tags ?? [];
  const names = new Set([...announced.map(({ name }) => name), ...endpoints.map(tagOf)]);
  return [...names]
    .map((name) => ({
      id: `tag-${slug(name)}`,
      name,
      description: announced.find((tag) => tag.name === name)?.description ?? null,
      endpoints: endpoints.filter((endpoint) => tagOf(endpoint) === name),
    }))
    .filter((group) => group.endpoints.length > 0);
}

function tagOf({ operation }: Endpoint): string {
  return operation.tags?.[0] ?? UNTAGGED;
}

function endpointsOf(document: OpenApiDocument, path: string, item: PathItem): readonly Endpoint[] {
  return METHODS.flatMap((method) => {
    const operation = item[method];
    return operation ? [endpointOf(document, path, method, operation, item)] : [];
  });
}

function endpointOf(
  document: OpenApiDocument,
  path: string,
  method: Method,
  operation: Operation,
  item: PathItem,
): Endpoint {
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].flatMap(
    (parameter) => resolve(document, 'parameters', parameter) ?? [],
  );
  // An operation's own parameter replaces one of the path with the same name and place (OpenAPI 3.1, Operation Object).
  const byNameAndPlace = new Map(parameters.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]));
  return { id: `${method}-${slug(path)}`, path, method, operation, parameters: [...byNameAndPlace.values()] };
}

/** The body's media type that is shown: JSON where there is one. */
export function preferredContent(
  content: Readonly<Record<string, MediaType>> | undefined,
): readonly [type: string, media: MediaType] | null {
  const all = Object.entries(content ?? {});
  return all.find(([type]) => type === 'application/json') ?? all[0] ?? null;
}

/** Turns a name into an id for a link target. */
function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
