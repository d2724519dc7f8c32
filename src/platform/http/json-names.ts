/** A string as a whole, so that nothing in it is taken for structure; otherwise what opens, ends or separates. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g;

/** An object or a list that has not ended yet, and where in it the text is. */
interface Open {
  /** The names so far; null for a list. */
  readonly names: Set<string> | null;
  at: string | number;
}

/** What a JSON text holds, counted without looking at any name. */
export interface JsonShape {
  /** How deep objects and lists stand in each other. */
  readonly depth: number;
  /** Members of all objects together, those that stand more than once included. */
  readonly members: number;
}

const [QUOTE, BACKSLASH, COLON] = ['"', '\\', ':'].map((character) => character.charCodeAt(0));
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = ['{', '}', '[', ']'].map((character) =>
  character.charCodeAt(0),
);

/** @param json need not be well-formed; whatever it is, counting it is cheap */
export function shapeOf(json: string): JsonShape {
  let [depth, deepest, members, inString] = [0, 0, 0, false];
  for (let i = 0; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) inString = !inString;
    else if (inString) i += code === BACKSLASH ? 1 : 0;
    else if (code === COLON) members += 1;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) deepest = Math.max(deepest, (depth += 1));
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth -= 1;
  }
  return { depth: deepest, members };
}

/** How many members all objects of a value have together, whose nesting is known to be bounded. */
export function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = Array.isArray(value) ? 0 : inner.length;
  for (const each of inner) members += membersOf(each);
  return members;
}

/**
 * Finds a member whose name stands more than once in its object. JSON.parse takes the last one in silence, others the first:
 * whoever looked at a request on its way may have seen another one (RFC 8259, 4; forbidden by RFC 7493, 2.3).
 * @param json well-formed, or what is found means nothing
 * @returns the path to it, or null
 */
export function repeatedMember(json: string): string[] | null {
  const open: Open[] = [];
  let before = '';
  for (const [token] of json.matchAll(TOKEN)) {
    const inner = open.at(-1);
    if (token === '{') open.push({ names: new Set(), at: '' });
    else if (token === '[') open.push({ names: null, at: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && typeof inner?.at === 'number') inner.at += 1;
    else if (token === ':' && inner?.names) {
      inner.at = JSON.parse(before) as string;
      if (inner.names.has(inner.at)) return open.map(({ at }) => String(at));
      inner.names.add(inner.at);
    }
    before = token;
  }
  return null;
}
