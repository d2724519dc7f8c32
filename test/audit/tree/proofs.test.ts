import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { verifyConsistency, verifyInclusion } from '../../../src/audit/merkle.ts';
import { coverage } from '../../../src/audit/rules/nodes.ts';
import { consistencyRanges, inclusionRanges } from '../../../src/audit/rules/proof-ranges.ts';
import { Frontier } from '../../../src/audit/tree/frontier.ts';
import { proveConsistency, proveInclusion, proveRange, rootOf } from '../../../src/audit/tree/proofs.ts';
import { numberedLeaves, ReferenceTree } from './reference.ts';

const SIZE = 130;
const tree = new ReferenceTree(numberedLeaves(SIZE));
const noSuchProof = expect.objectContaining({ code: 'no-such-proof' });

/** A stretch of a tree: start, end and the tree's size. */
const stretches = fc
  .tuple(fc.nat(SIZE), fc.nat(SIZE), fc.nat(SIZE))
  .map((sizes) => sizes.toSorted((a, b) => a - b) as [number, number, number]);

describe('coverage', () => {
  test('holds each leaf once, in order, in as few subtrees as can be', () => {
    fc.assert(
      fc.property(stretches, ([start, end]) => {
        const nodes = coverage({ start, end });
        const leaves = nodes.flatMap(({ level, index }) =>
          Array.from({ length: 2 ** level }, (_, leaf) => index * 2 ** level + leaf),
        );
        expect(leaves).toEqual(Array.from({ length: end - start }, (_, leaf) => start + leaf));
        expect(nodes.every(({ level, index }, position) => !mergesWith(nodes[position + 1], level, index))).toBe(true);
      }),
    );
  });

  test('goes on beyond 2^32', () => {
    const size = 2 ** 40 + 5;
    expect(coverage({ start: 0, end: size })).toEqual([
      { level: 40, index: 0 },
      { level: 2, index: 2 ** 38 },
      { level: 0, index: 2 ** 40 + 4 },
    ]);
  });
});

describe('proofs', () => {
  test('of inclusion are those of RFC 6962, and verify', async () => {
    for (let size = 1; size <= SIZE; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = await proveInclusion(index, size, tree.reader);
        if (!sameHashes(proof, tree.path(index, size))) throw new Error(`leaf ${index} of ${size}`);
        verifyInclusion(index, size, tree.leafHash(index), proof, tree.root(size));
      }
    }
  });

  test('of consistency are those of RFC 6962, and verify', async () => {
    for (let second = 0; second <= SIZE; second += 1) {
      for (let first = 0; first <= second; first += 1) {
        const proof = await proveConsistency(first, second, tree.reader);
        if (!sameHashes(proof, first === 0 ? [] : tree.proof(first, second)))
          throw new Error(`between ${first} and ${second}`);
        verifyConsistency(first, second, tree.root(first), tree.root(second), proof);
      }
    }
  });

  test('of a stretch lead with its leaves to the root, past every root in between', async () => {
    await fc.assert(
      fc.asyncProperty(stretches, async ([start, end, size]) => {
        const { left, right } = await proveRange({ start, end }, size, tree.reader);
        const frontier = new Frontier();
        for (const [index, { level }] of coverage({ start: 0, end: start }).entries())
          frontier.append(left[index]!, level);
        expect(frontier.root()).toEqual(tree.root(start));
        for (let index = start; index < end; index += 1) {
          frontier.append(tree.leafHash(index));
          expect(frontier.root()).toEqual(tree.root(index + 1));
        }
        for (const [index, { level }] of coverage({ start: end, end: size }).entries())
          frontier.append(right[index]!, level);
        expect({ size: frontier.size, root: frontier.root() }).toEqual({ size, root: tree.root(size) });
      }),
    );
  });

  test('one read is enough for any of them', async () => {
    let reads = 0;
    const read: typeof tree.reader = async (nodes) => {
      reads += 1;
      return tree.reader(nodes);
    };
    await proveInclusion(3, 100, read);
    await proveConsistency(3, 100, read);
    await proveRange({ start: 3, end: 50 }, 100, read);
    await rootOf(100, read);
    expect(reads).toBe(4);
  });

  test('are logarithmic: under 2 kB for an entry among a thousand million', () => {
    expect(inclusionRanges(123_456_789, 10 ** 9).length).toBeLessThanOrEqual(30);
    expect(consistencyRanges(123_456_789, 10 ** 9).length).toBeLessThanOrEqual(31);
  });

  test('do not exist beyond the tree', async () => {
    for (const index of [-1, 5, 0.5, Number.NaN]) expect(() => inclusionRanges(index, 5)).toThrow(noSuchProof);
    for (const first of [-1, 6, 0.5, Number.NaN]) expect(() => consistencyRanges(first, 5)).toThrow(noSuchProof);
    for (const range of [
      { start: 3, end: 2 },
      { start: 0, end: 6 },
      { start: -1, end: 2 },
      { start: 0, end: 1.5 },
    ]) {
      await expect(proveRange(range, 5, tree.reader)).rejects.toThrow(noSuchProof);
    }
    await expect(rootOf(-1, tree.reader)).rejects.toThrow(noSuchProof);
  });
});

describe('Frontier', () => {
  test('refuses a subtree where it cannot stand', () => {
    const frontier = new Frontier();
    frontier.append(tree.leafHash(0));
    expect(() => frontier.append(tree.leafHash(1), 1)).toThrow(expect.objectContaining({ code: 'subtree-misplaced' }));
  });
});

function mergesWith(next: { level: number; index: number } | undefined, level: number, index: number): boolean {
  return next?.level === level && index % 2 === 0 && next.index === index + 1;
}

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, index) => Buffer.compare(hash, b[index]!) === 0);
}
