import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  EMPTY_ROOT,
  InvalidProof,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/merkle.ts';
import { numberedLeaves, ReferenceTree } from './tree/reference.ts';

const SIZE = 200;
const tree = new ReferenceTree(numberedLeaves(SIZE));
const refused = expect.objectContaining({ code: 'invalid-proof' });
const hex = (text: string) => Buffer.from(text, 'hex');

describe('the vectors of Certificate Transparency', () => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map(hex);
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ].map(hex);
  const rootOf = (size: number) => roots[size - 1]!;

  test('the empty tree, leaves and nodes', () => {
    expect(Buffer.from(EMPTY_ROOT).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(leafHash(leaves[0]!)).toEqual(rootOf(1));
    expect(nodeHash(leafHash(leaves[0]!), leafHash(leaves[1]!))).toEqual(rootOf(2));
    expect(roots).toEqual(roots.map((_, index) => new ReferenceTree(leaves).root(index + 1)));
  });

  test.each([
    [0, 1, []],
    [
      0,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
    [
      1,
      5,
      [
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ])('leaf %i is in the tree of %i', (index, size, proof) => {
    expect(() => verifyInclusion(index, size, leafHash(leaves[index]!), proof.map(hex), rootOf(size))).not.toThrow();
  });

  test.each([
    [1, 1, []],
    [
      1,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      6,
      8,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [
      2,
      5,
      [
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
    [
      6,
      7,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
  ])('the tree of %i is the beginning of the tree of %i', (first, second, proof) => {
    expect(() => verifyConsistency(first, second, rootOf(first), rootOf(second), proof.map(hex))).not.toThrow();
  });
});

describe('verifyInclusion', () => {
  test('accepts the proof of every leaf of every tree', () => {
    for (let size = 1; size <= SIZE; size += 1) {
      for (let index = 0; index < size; index += 1)
        verifyInclusion(index, size, tree.leafHash(index), tree.path(index, size), tree.root(size));
    }
  });

  test('accepts bigints', () => {
    expect(() => verifyInclusion(5n, 7n, tree.leafHash(5), tree.path(5, 7), tree.root(7))).not.toThrow();
  });

  test('refuses every proof that was changed anywhere', () => {
    for (let size = 1; size <= 48; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const [leaf, proof, root] = [tree.leafHash(index), tree.path(index, size), tree.root(size)];
        const accepted = [
          ...changed(proof).filter((wrong) => !isRefused(() => verifyInclusion(index, size, leaf, wrong, root))),
          ...Array.from({ length: size + 1 }, (_, other) => other).filter(
            (other) => other !== index && !isRefused(() => verifyInclusion(other, size, leaf, proof, root)),
          ),
          ...Array.from({ length: 32 }, (_, byte) => byte).filter(
            (byte) => !isRefused(() => verifyInclusion(index, size, flipped(leaf, byte), proof, root)),
          ),
          ...Array.from({ length: 32 }, (_, byte) => byte).filter(
            (byte) => !isRefused(() => verifyInclusion(index, size, leaf, proof, flipped(root, byte))),
          ),
        ];
        if (accepted.length > 0) throw new Error(`accepted for leaf ${index} of ${size}: ${JSON.stringify(accepted)}`);
      }
    }
  });

  test('refuses what is no proof at all', () => {
    const [leaf, proof, root] = [tree.leafHash(2), tree.path(2, 7), tree.root(7)];
    for (const index of [-1, 7, 8, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1n, 2n ** 64n])
      expect(() => verifyInclusion(index, 7, leaf, proof, root)).toThrow(refused);
    for (const size of [0, 2, -7, 7.5, 2 ** 53, 2n ** 64n])
      expect(() => verifyInclusion(2, size, leaf, proof, root)).toThrow(refused);
    for (const short of [Buffer.alloc(0), Buffer.alloc(31), Buffer.alloc(33)]) {
      expect(() => verifyInclusion(2, 7, short, proof, root)).toThrow(refused);
      expect(() => verifyInclusion(2, 7, leaf, [short, ...proof.slice(1)], root)).toThrow(refused);
      expect(() => verifyInclusion(2, 7, leaf, proof, short)).toThrow(refused);
    }
    expect(() => verifyInclusion(0, 0, leaf, [], EMPTY_ROOT)).toThrow(refused);
  });

  test('refuses, and does not fail on, what callers in plain JavaScript may pass', () => {
    const call = verifyInclusion as (...parts: unknown[]) => void;
    const [leaf, proof, root] = [tree.leafHash(2), tree.path(2, 7), tree.root(7)];
    const wrong = [
      ['2', 7, leaf, proof, root],
      [null, 7, leaf, proof, root],
      [2, undefined, leaf, proof, root],
      [2, 7, leaf.toString('hex'), proof, root],
      [2, 7, leaf, 'proof', root],
      [2, 7, leaf, null, root],
      [2, 7, leaf, [undefined, ...proof.slice(1)], root],
      [2, 7, leaf, proof, undefined],
    ];
    for (const parts of wrong) expect(() => call(...parts)).toThrow(refused);
  });
});

describe('verifyConsistency', () => {
  test('accepts the proof between any two trees', () => {
    for (let second = 1; second <= SIZE; second += 1) {
      for (let first = 1; first <= second; first += 1)
        verifyConsistency(first, second, tree.root(first), tree.root(second), tree.proof(first, second));
    }
  });

  test('the empty tree is the beginning of every one, and proves nothing else', () => {
    for (const second of [0, 1, 2, 7, 8, 9n])
      expect(() => verifyConsistency(0, second, EMPTY_ROOT, tree.root(Number(second)), [])).not.toThrow();
    expect(() => verifyConsistency(0, 5, tree.root(1), tree.root(5), [])).toThrow(refused);
    expect(() => verifyConsistency(0, 5, EMPTY_ROOT, tree.root(5), [tree.root(5)])).toThrow(refused);
    expect(() => verifyConsistency(0, 0, EMPTY_ROOT, tree.root(1), [])).toThrow(refused);
    expect(() => verifyConsistency(0, 0, tree.root(1), tree.root(1), [])).toThrow(refused);
  });

  test('one size has one root, and needs no proof', () => {
    expect(() => verifyConsistency(6, 6, tree.root(6), tree.root(6), [])).not.toThrow();
    expect(() => verifyConsistency(6, 6, tree.root(6), tree.root(7), [])).toThrow(refused);
    expect(() => verifyConsistency(6, 6, tree.root(6), tree.root(6), [tree.root(6)])).toThrow(refused);
  });

  test('refuses every proof that was changed anywhere', () => {
    for (let second = 2; second <= 48; second += 1) {
      for (let first = 1; first < second; first += 1) {
        const [root1, root2, proof] = [tree.root(first), tree.root(second), tree.proof(first, second)];
        const accepted = [
          ...[...changed(proof), []].filter(
            (wrong) => !isRefused(() => verifyConsistency(first, second, root1, root2, wrong)),
          ),
          ...(isRefused(() => verifyConsistency(first, second, root2, root1, proof)) ? [] : ['swapped roots']),
          ...(isRefused(() => verifyConsistency(second, first, root2, root1, proof)) ? [] : ['swapped trees']),
          ...Array.from({ length: 32 }, (_, byte) => byte).filter(
            (byte) => !isRefused(() => verifyConsistency(first, second, flipped(root1, byte), root2, proof)),
          ),
          ...Array.from({ length: 32 }, (_, byte) => byte).filter(
            (byte) => !isRefused(() => verifyConsistency(first, second, root1, flipped(root2, byte), proof)),
          ),
        ];
        if (accepted.length > 0)
          throw new Error(`accepted between ${first} and ${second}: ${JSON.stringify(accepted)}`);
      }
    }
  });

  test('refuses a history that was rewritten', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 80 }), fc.nat(), fc.nat(), (second, pick1, pick2) => {
        const first = 1 + (pick1 % (second - 1));
        const rewritten = numberedLeaves(second);
        rewritten[pick2 % first] = Buffer.from('another');
        const other = new ReferenceTree(rewritten);
        expect(() =>
          verifyConsistency(first, second, tree.root(first), other.root(second), other.proof(first, second)),
        ).toThrow(refused);
      }),
    );
  });

  test('refuses what is no proof at all', () => {
    const [root1, root2, proof] = [tree.root(3), tree.root(7), tree.proof(3, 7)];
    for (const size of [-3, 3.5, 8, 2 ** 53, -1n])
      expect(() => verifyConsistency(size, 7, root1, root2, proof)).toThrow(refused);
    for (const size of [2, 7.5, Number.NaN, 2n ** 64n])
      expect(() => verifyConsistency(3, size, root1, root2, proof)).toThrow(refused);
    expect(() => verifyConsistency(3, 7, Buffer.alloc(31), root2, proof)).toThrow(refused);
    expect(() => verifyConsistency(3, 7, root1, Buffer.alloc(0), proof)).toThrow(refused);
  });
});

/** Jest's own matchers would take minutes for that many calls. */
function isRefused(call: () => void): boolean {
  try {
    call();
    return false;
  } catch (error) {
    return error instanceof InvalidProof;
  }
}

/** The proof with one bit, one hash or its length changed. */
function changed(proof: readonly Uint8Array[]): Uint8Array[][] {
  const other = Buffer.alloc(32, 0xab);
  return [
    [...proof, other],
    [other, ...proof],
    [...proof, ...proof.slice(-1), other],
    ...proof.flatMap((hash, index) => [
      proof.with(index, flipped(hash, index % 32)),
      proof.with(index, hash.subarray(1)),
      proof.toSpliced(index, 1),
      proof.toSpliced(index, 0, other),
      ...(index > 0 ? [proof.with(index, proof[index - 1]!).with(index - 1, hash)] : []),
    ]),
  ];
}

function flipped(hash: Uint8Array, byte: number): Uint8Array {
  const copy = Buffer.from(hash);
  copy[byte]! ^= 1 << (byte % 8);
  return copy;
}
