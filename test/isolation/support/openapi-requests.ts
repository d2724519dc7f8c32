/** As much of OpenAPI 3.1 as is needed to make requests from it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
}

interface Parameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
}

export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface DescribedOperation {
  readonly method: string;
  /** `/api/v1/teams/{team}` */
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly queryParameters: readonly string[];
  readonly body: Schema | null;
}

const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete']);

/** Every operation of the document. */
export function operationsOf(document: OpenApi): DescribedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
        queryParameters: (operation.parameters ?? []).flatMap((parameter) =>
          parameter.in === 'query' && parameter.name ? [parameter.name] : [],
        ),
        body: operation.requestBody?.content['application/json']?.schema ?? null,
      })),
  );
}

/** The smallest value that the schema takes; what has to be there, and no more. */
export function exampleOf(schema: Schema, document: OpenApi): unknown {
  if (schema.$ref) return exampleOf(document.components.schemas?.[schema.$ref.split('/').at(-1) ?? ''] ?? {}, document);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const given = schema.example ?? schema.examples?.[0];
  if (given !== undefined) return given;
  const branch = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (branch) return exampleOf(branch, document);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, document)));
  return exampleOfType(schema, document);
}

function exampleOfType(schema: Schema, document: OpenApi): unknown {
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  switch (type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, exampleOf(schema.properties?.[name] ?? {}, document)]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => exampleOf(schema.items ?? {}, document));
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return stringOf(schema.format);
    default:
      return null;
  }
}

function stringOf(format: string | undefined): string {
  switch (format) {
    case 'date':
      return '2030-01-01';
    case 'date-time':
      return '2030-01-01T00:00:00Z';
    case 'uuid':
      return '00000000-0000-7000-8000-000000000000';
    case 'email':
      return 'somebody@example.test';
    default:
      return '09:00';
  }
}

/** The path with its parameters filled in. @throws Error for a parameter that nobody has a value for */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: the isolation test knows no value of \`${name}\`; tell it one`);
    return encodeURIComponent(value);
  });
}
