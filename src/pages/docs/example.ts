import { flatten } from './describe-schema.ts';
import type { Endpoint, MediaType, OpenApiDocument, Schema, SchemaObject } from './openapi.ts';
import { preferredContent, resolve } from './read-document.ts';

const MAX_DEPTH = 5;

/** A curl command that calls an endpoint, with example values and the key taken from the environment. */
export function curlExample(document: OpenApiDocument, endpoint: Endpoint, baseUrl: string): string {
  const body = endpoint.operation.requestBody && resolve(document, 'requestBodies', endpoint.operation.requestBody);
  const content = preferredContent(body?.content);
  const lines = [
    `curl ${methodOption(endpoint.method)}${quote(baseUrl + examplePath(document, endpoint))}`,
    needsKey(endpoint) && `-H "Authorization: Bearer $COUNTERSIGN_KEY"`,
    ...endpoint.parameters
      .filter(({ in: place, required }) => place === 'header' && required)
      .map(
        ({ name, schema, example }) =>
          `-H ${quote(`${name}: ${asText(example ?? exampleOf(document, schema ?? true))}`)}`,
      ),
    content && `-H ${quote(`Content-Type: ${content[0]}`)}`,
    content && `-d ${quote(exampleBody(document, content[1]))}`,
  ];
  return lines.filter((line) => typeof line === 'string').join(' \\\n  ');
}

const methodOption = (method: string): string =>
  method === 'get' ? '' : method === 'head' ? '--head ' : `-X ${method.toUpperCase()} `;

function needsKey({ operation }: Endpoint): boolean {
  return (
    operation.security === undefined || operation.security.some((requirement) => Object.keys(requirement).length > 0)
  );
}

function examplePath(document: OpenApiDocument, { path, parameters }: Endpoint): string {
  return path.replace(/\{([^}]+)\}/g, (placeholder, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    const example =
      parameter?.example ??
      (parameter?.schema === undefined ? undefined : givenExample(flatten(document, parameter.schema)));
    return example === undefined ? placeholder : encodeURIComponent(asText(example));
  });
}

function exampleBody(document: OpenApiDocument, media: MediaType): string {
  return JSON.stringify(media.example ?? exampleOf(document, media.schema ?? true), null, 2);
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** POSIX shell quoting: everything is literal between single quotes but the single quote itself. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A value that a schema allows: its own example, or one made of the fields that are required. */
export function exampleOf(document: OpenApiDocument, schema: Schema, depth = 0): unknown {
  const object = flatten(document, schema);
  const given = givenExample(object);
  if (given !== undefined) return given;
  const [option] = object.anyOf ?? object.oneOf ?? [];
  if (option !== undefined && object.properties === undefined)
    return depth < MAX_DEPTH ? exampleOf(document, option, depth + 1) : {};
  if (object.items !== undefined) return depth < MAX_DEPTH ? [exampleOf(document, object.items, depth + 1)] : [];
  if (object.properties !== undefined) return objectExample(document, object, depth);
  return plainExample(object);
}

function givenExample(schema: SchemaObject): unknown {
  return schema.example ?? schema.examples?.[0] ?? schema.const ?? schema.default ?? schema.enum?.[0];
}

function objectExample(
  document: OpenApiDocument,
  { properties = {}, required = [] }: SchemaObject,
  depth: number,
): unknown {
  const shown = Object.entries(properties).filter(([name]) => required.includes(name));
  return Object.fromEntries(
    depth >= MAX_DEPTH ? [] : shown.map(([name, property]) => [name, exampleOf(document, property, depth + 1)]),
  );
}

function plainExample({ type, format, minimum }: SchemaObject): unknown {
  switch ([type].flat()[0]) {
    case 'integer':
    case 'number':
      return minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER ? minimum : 1;
    case 'boolean':
      return true;
    case 'object':
      return {};
    case 'array':
      return [];
    default:
      return FORMATS[format ?? ''] ?? 'text';
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'dana@example.com',
  'date-time': '2026-11-23T09:00:00Z',
  date: '2026-11-23',
  uri: 'https://example.com/',
  uuid: '5f0c7c1e-7a3b-4a55-9d3e-2f6f1b0a9c11',
  duration: 'P2D',
};
