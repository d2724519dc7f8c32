/** A perfect subtree: it holds the leaves from `index * 2^level` up to, and without, `(index + 1) * 2^level`. */
export interface NodeId {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `start` up to, and without, `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The fewest perfect subtrees that hold these leaves and no others, from left to right: at most two of each level.
 * The ones of `{ start: 0, end: size }` are the frontier of a tree; each is smaller than the one before.
 */
export function coverage({ start, end }: LeafRange): NodeId[] {
  const nodes: NodeId[] = [];
  let next = start;
  while (next < end) {
    const level = largestSubtreeAt(next, end);
    nodes.push({ level, index: next / 2 ** level });
    next += 2 ** level;
  }
  return nodes;
}

/** Numbers, not bits: JavaScript's bit operators end at 2^32, where a log may well go on. */
function largestSubtreeAt(start: number, end: number): number {
  let level = 0;
  while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= end) level += 1;
  return level;
}
