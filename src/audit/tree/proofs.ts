import { coverage, type LeafRange, type NodeId } from '../rules/nodes.ts';
import { consistencyRanges, inclusionRanges, mustBeSizes, NoSuchProof } from '../rules/proof-ranges.ts';
import { foldSubtrees } from './hashing.ts';

/** Reads the hashes of perfect subtrees, in the order asked for. They never change, so it does not matter how large the tree is. */
export type NodeReader = (nodes: readonly NodeId[]) => Promise<readonly Uint8Array[]>;

/** The hashes left and right of a stretch of leaves, from which, with the leaves, the root of the tree can be computed. */
export interface RangeProof {
  /** The perfect subtrees of the leaves before the stretch, from left to right. */
  readonly left: readonly Uint8Array[];
  /** The perfect subtrees of the leaves after it, from left to right. */
  readonly right: readonly Uint8Array[];
}

/**
 * Proof that a leaf is in the tree of this size (RFC 6962, 2.1.1), for `verifyInclusion`.
 * @throws NoSuchProof
 */
export async function proveInclusion(leafIndex: number, treeSize: number, read: NodeReader): Promise<Uint8Array[]> {
  return hashesOf(inclusionRanges(leafIndex, treeSize), read);
}

/**
 * Proof that the tree of size `second` begins with the one of size `first` (RFC 6962, 2.1.2), for `verifyConsistency`.
 * @throws NoSuchProof
 */
export async function proveConsistency(first: number, second: number, read: NodeReader): Promise<Uint8Array[]> {
  return hashesOf(consistencyRanges(first, second), read);
}

/**
 * What a stretch of leaves needs to lead to the root of the tree of this size.
 * @throws NoSuchProof
 */
export async function proveRange({ start, end }: LeafRange, treeSize: number, read: NodeReader): Promise<RangeProof> {
  mustBeSizes(start, end, treeSize);
  if (start > end || end > treeSize)
    throw new NoSuchProof(`A tree of ${treeSize} entries has no entries from ${start} to ${end}.`);
  const left = coverage({ start: 0, end: start });
  const right = coverage({ start: end, end: treeSize });
  const hashes = await read([...left, ...right]);
  return { left: hashes.slice(0, left.length), right: hashes.slice(left.length) };
}

/** The root of the tree of this size. */
export async function rootOf(treeSize: number, read: NodeReader): Promise<Uint8Array> {
  mustBeSizes(treeSize);
  return foldSubtrees(await read(coverage({ start: 0, end: treeSize })));
}

/** One read for the whole proof, however many subtrees its hashes are made of. */
async function hashesOf(ranges: readonly LeafRange[], read: NodeReader): Promise<Uint8Array[]> {
  const parts = ranges.map(coverage);
  const hashes = await read(parts.flat());
  let next = 0;
  return parts.map((nodes) => foldSubtrees(hashes.slice(next, (next += nodes.length))));
}
