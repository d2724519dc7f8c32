/** What JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

/** A value cannot be written as JSON that reads back as the same value. */
export class NotCanonical extends Error {
  readonly code = 'not-canonical';
  /** @param path where it stands, e.g. `$.detail.stages[2]` */
  constructor(path: string, why: string) {
    super(`${path} ${why}`);
  }
}

/**
 * The one way to write a value as JSON (RFC 8785): members in the order of their UTF-16 code units, no space, numbers and
 * strings as ECMAScript writes them. Two equal values give the same bytes, so that their hash can be compared.
 * @throws NotCanonical for undefined, numbers that are not finite, lone surrogates, and objects that are more than members
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, '$');
}

function write(value: unknown, path: string): string {
  switch (typeof value) {
    case 'string':
      return writeString(value, path);
    case 'number':
      if (!Number.isFinite(value)) throw new NotCanonical(path, 'is not a finite number');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value))
        return `[${Array.from(value, (item, index) => write(item, `${path}[${index}]`)).join(',')}]`;
      return writeObject(value, path);
    default:
      throw new NotCanonical(path, `is ${typeof value}`);
  }
}

function writeObject(value: object, path: string): string {
  // A date or a map would lose what it holds, or be written in a way of its own (toJSON).
  if (!isPlain(value)) throw new NotCanonical(path, 'is an object of a class');
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${writeString(name, path)}:${write(member, `${path}.${name}`)}`).join(',')}}`;
}

function writeString(value: string, path: string): string {
  if (!value.isWellFormed()) throw new NotCanonical(path, 'holds half of a surrogate pair');
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
