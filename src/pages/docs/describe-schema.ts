import { counted } from '../format.ts';
import type { OpenApiDocument, Schema, SchemaObject } from './openapi.ts';
import { referenceName, resolve } from './read-document.ts';

/** One row of a table of fields. `name` is dotted for what lies inside an object, with `[]` for a list's items. */
export interface FieldRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly constraints: readonly string[];
  readonly description: string | null;
}

const MAX_DEPTH = 6;
const ANYTHING: SchemaObject = {};

/** A schema's fields as rows, those inside objects and lists below the field that holds them. Deeper than 6 levels only the type is named. */
export function fieldRows(document: OpenApiDocument, schema: Schema): readonly FieldRow[] {
  return rowsBelow(document, schema, { prefix: '', depth: 0, inside: [] });
}

/** Where in a schema the rows belong. `inside` are the components that are being written, so that one that holds itself ends. */
interface Place {
  readonly prefix: string;
  readonly depth: number;
  readonly inside: readonly string[];
}

function rowsBelow(
  document: OpenApiDocument,
  schema: Schema,
  { prefix, depth, inside: outer }: Place,
): readonly FieldRow[] {
  const reference = typeof schema === 'object' ? schema.$ref : undefined;
  if (depth > MAX_DEPTH || (reference !== undefined && outer.includes(reference))) return [];
  const inside = reference === undefined ? outer : [...outer, reference];
  const object = flatten(document, schema);
  if (object.items !== undefined)
    return rowsBelow(document, object.items, { prefix: `${prefix}[]`, depth: depth + 1, inside });
  const own = Object.entries(object.properties ?? {}).flatMap(([name, property]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [
      rowOf(document, path, property, object.required?.includes(name) ?? false),
      ...rowsBelow(document, property, { prefix: path, depth: depth + 1, inside }),
    ];
  });
  const variants = (object.oneOf ?? object.anyOf ?? []).map((option) =>
    rowsBelow(document, option, { prefix, depth: depth + 1, inside }),
  );
  return [...own, ...rowsOfVariants(variants)];
}

/** The fields that an object has in one variant or another; required are those that every variant requires. */
function rowsOfVariants(variants: readonly (readonly FieldRow[])[]): readonly FieldRow[] {
  const isRequiredBy = (rows: readonly FieldRow[], name: string): boolean =>
    rows.some((row) => row.name === name && row.required);
  const byName = new Map(
    variants
      .flat()
      .toReversed()
      .map((row) => [row.name, row]),
  );
  return [...byName.values()]
    .toReversed()
    .map((row) => ({ ...row, required: variants.every((rows) => isRequiredBy(rows, row.name)) }));
}

function rowOf(document: OpenApiDocument, name: string, schema: Schema, required: boolean): FieldRow {
  const object = flatten(document, schema);
  return {
    name,
    type: typeName(schema),
    required,
    constraints: constraintsOf(object),
    description: object.description ?? null,
  };
}

/** A schema without references: the target's keywords, then those written beside the reference; `allOf` merged; `null` options taken out. */
export function flatten(document: OpenApiDocument, schema: Schema): SchemaObject {
  if (typeof schema === 'boolean') return ANYTHING;
  const target =
    schema.$ref === undefined ? ANYTHING : (resolve(document, 'schemas', { $ref: schema.$ref }) ?? ANYTHING);
  const { $ref: _reference, allOf = [], ...own } = { ...target, ...schema };
  const merged = allOf.map((part) => flatten(document, part)).reduce<SchemaObject>(merge, own);
  const options = (merged.anyOf ?? merged.oneOf)?.filter((option) => !isNull(option));
  const [only] = options ?? [];
  if (options?.length !== 1 || only === undefined) return merged;
  const { anyOf: _anyOf, oneOf: _oneOf, ...rest } = merged;
  return merge(flatten(document, only), rest);
}

function merge(left: SchemaObject, right: SchemaObject): SchemaObject {
  const required = [...(left.required ?? []), ...(right.required ?? [])];
  const properties = left.properties && right.properties && { properties: { ...left.properties, ...right.properties } };
  return { ...left, ...right, ...properties, required };
}

function isNull(schema: Schema): boolean {
  return typeof schema === 'object' && schema.type === 'null';
}

/** A schema's type in words: `string`, `list of Stage`, `Amount or null`. */
export function typeName(schema: Schema): string {
  if (typeof schema === 'boolean') return 'anything';
  if (schema.$ref !== undefined) return referenceName(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return unique(options.map((option) => typeName(option))).join(' or ');
  if (schema.type !== undefined) return [schema.type].flat().join(' or ');
  if (schema.enum) return unique(schema.enum.map((value) => (value === null ? 'null' : typeof value))).join(' or ');
  return schema.properties || schema.allOf ? 'object' : 'anything';
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

function constraintsOf(schema: SchemaObject): readonly string[] {
  const items = schema.items !== undefined && typeof schema.items === 'object' ? schema.items : ANYTHING;
  return [
    schema.enum && `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`,
    items.enum && `each one of ${items.enum.map((value) => JSON.stringify(value)).join(', ')}`,
    schema.format,
    range('character', schema.minLength, schema.maxLength),
    range('item', schema.minItems, schema.maxItems),
    bound('at least', schema.minimum),
    bound('more than', schema.exclusiveMinimum),
    bound('at most', schema.maximum),
    bound('less than', schema.exclusiveMaximum),
    schema.pattern && `matches ${schema.pattern}`,
    schema.default !== undefined && `${JSON.stringify(schema.default)} unless given`,
  ].filter((constraint) => typeof constraint === 'string');
}

/** Bounds that only say "fits a safe integer" tell a reader nothing. */
function bound(words: string, limit: number | undefined): string | null {
  return limit === undefined || Math.abs(limit) >= Number.MAX_SAFE_INTEGER ? null : `${words} ${limit}`;
}

function range(noun: string, least: number | undefined, most: number | undefined): string | null {
  if (most === undefined) return least ? `at least ${counted(least, noun)}` : null;
  const bounds = least === most ? 'exactly ' : least ? `${least} to ` : 'at most ';
  return `${bounds}${counted(most, noun)}`;
}
