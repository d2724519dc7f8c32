import type { LeafRange } from './nodes.ts';

/** There is no such proof: the leaf or the size lies beyond the tree. */
export class NoSuchProof extends Error {
  readonly code = 'no-such-proof';
}

/**
 * The stretches of leaves whose hashes prove that a leaf is in the tree (RFC 6962, 2.1.1), in the order of the proof.
 * @throws NoSuchProof
 */
export function inclusionRanges(leafIndex: number, treeSize: number): LeafRange[] {
  mustBeSizes(leafIndex, treeSize);
  if (leafIndex >= treeSize) throw new NoSuchProof(`A tree of ${treeSize} entries has no entry ${leafIndex}.`);
  const ranges: LeafRange[] = [];
  let [start, end] = [0, treeSize];
  while (end - start > 1) {
    const middle = start + leftWidth(end - start);
    if (leafIndex < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.toReversed();
}

/**
 * The stretches of leaves whose hashes prove that a tree begins with an earlier one (RFC 6962, 2.1.2), in the order of the
 * proof. There are none where one of the two is the whole proof by itself: the empty tree, or the same one.
 * @throws NoSuchProof
 */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  mustBeSizes(first, second);
  if (first > second) throw new NoSuchProof(`A tree of ${second} entries does not begin with one of ${first}.`);
  if (first === 0) return [];
  const ranges: LeafRange[] = [];
  let [start, end] = [0, second];
  while (end !== first) {
    const middle = start + leftWidth(end - start);
    if (first <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // Where the first tree is itself a node of the second one, whoever verifies knows its hash already.
  if (start > 0) ranges.push({ start, end });
  return ranges.toReversed();
}

/** The largest power of two below the number of leaves (RFC 6962, 2.1): how many of them are in the left subtree. */
function leftWidth(leaves: number): number {
  let width = 1;
  while (width * 2 < leaves) width *= 2;
  return width;
}

/** @throws NoSuchProof */
export function mustBeSizes(...sizes: readonly number[]): void {
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw new NoSuchProof('A tree has a whole number of entries.');
}
