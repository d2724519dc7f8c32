/** A string as a whole, so that nothing in it is taken for structure; otherwise what opens, ends or separates. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g;

/** An object or a list that has not ended yet, and where in it the text is. */
interface Open {
  /** The names so far; null for a list. */
  readonly names: Set<string> | null;
  at: string | number;
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
