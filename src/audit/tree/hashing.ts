import { EMPTY_ROOT, HASH_BYTES, nodeHash } from '../merkle.ts';

/**
 * The root of a perfect subtree.
 * @param hashes those of its leaves, or of nodes of one level, one after the other: 32 bytes each, a power of two of them
 */
export function perfectRoot(hashes: Uint8Array): Uint8Array {
  if (hashes.length === HASH_BYTES) return hashes;
  const half = hashes.length / 2;
  return nodeHash(perfectRoot(hashes.subarray(0, half)), perfectRoot(hashes.subarray(half)));
}

/**
 * The root of a tree out of its perfect subtrees, from left to right (`coverage`): the right one of two is always the
 * smaller, so they are put together from the right. Of no subtrees: the root of the empty tree.
 */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT;
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}
