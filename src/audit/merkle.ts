import { hash } from 'node:crypto';
import { types } from 'node:util';

/** SHA-256 of nothing: the root of a tree without leaves (RFC 6962, 2.1). */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array());

export const HASH_BYTES = 32;

const SIZE_LIMIT = 2n ** 64n;

/** A proof that is malformed, or that does not prove what is said to be proven. Nothing may be believed because of it. */
export class InvalidProof extends Error {
  readonly code = 'invalid-proof';
}

/**
 * The hash of a leaf (RFC 6962, 2.1): SHA-256 over a zero byte and the leaf.
 * @param bytes the leaf as it was logged, byte for byte
 */
export function leafHash(bytes: Uint8Array): Uint8Array {
  const prefixed = Buffer.allocUnsafe(1 + bytes.length);
  // Leaves and nodes are told apart by this byte: without it, somebody could pass off two hashes as a leaf.
  prefixed[0] = 0;
  prefixed.set(bytes, 1);
  return sha256(prefixed);
}

/** The hash of a node (RFC 6962, 2.1): SHA-256 over a byte of one and the hashes of its two children. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const prefixed = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  prefixed[0] = 1;
  prefixed.set(left, 1);
  prefixed.set(right, 1 + HASH_BYTES);
  return sha256(prefixed);
}

/**
 * Checks that a leaf stands at a place of a tree (RFC 9162, 2.1.3.2).
 * @param leafIndex from 0
 * @param proof the hashes next to the path from the leaf to the root, lowest first
 * @throws InvalidProof where anything is malformed or does not fit
 */
export function verifyInclusion(
  leafIndex: bigint | number,
  treeSize: bigint | number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): void {
  const index = checkedSize(leafIndex, 'leaf index');
  const size = checkedSize(treeSize, 'tree size');
  if (index >= size) throw new InvalidProof(`a tree of ${size} leaves has no leaf ${index}`);
  checkHashes(proof, leaf, root);

  const climb = new Climb(index, size - 1n);
  let computed = leaf;
  for (const sibling of proof) {
    computed = climb.isRightChild() ? nodeHash(sibling, computed) : nodeHash(computed, sibling);
    climb.toParent();
  }
  climb.mustBeAtTheRoot();
  mustBeEqual(computed, root, `the proof leads to another root of ${size} leaves`);
}

/**
 * Checks that a tree begins with all the leaves of an earlier one (RFC 9162, 2.1.4.2). Every tree begins with the empty one:
 * its proof is empty, as is the proof between a tree and itself.
 * @throws InvalidProof where anything is malformed or does not fit
 */
export function verifyConsistency(
  size1: bigint | number,
  size2: bigint | number,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  const first = checkedSize(size1, 'first size');
  const second = checkedSize(size2, 'second size');
  if (first > second) throw new InvalidProof(`a tree of ${second} leaves cannot begin with ${first}`);
  checkHashes(proof, root1, root2);
  if (first === 0n) mustBeEqual(root1, EMPTY_ROOT, 'the root of no leaves is the hash of nothing');
  if (first === second) mustBeEqual(root1, root2, `there are two roots of ${first} leaves`);
  if (first === 0n || first === second) {
    if (proof.length > 0) throw new InvalidProof('the proof is longer than it can be');
    return;
  }
  climbBoth(first, second, root1, root2, proof);
}

function climbBoth(
  first: bigint,
  second: bigint,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
): void {
  // A first tree of 2^n leaves is a node of the second one; its hash is known and left out of the proof.
  const [start, ...rest] = isPowerOfTwo(first) ? [root1, ...proof] : proof;
  if (start === undefined) throw new InvalidProof('the proof is shorter than it must be');
  const climb = new Climb(first - 1n, second - 1n);
  climb.toLargestSubtree();

  let computed1 = start;
  let computed2 = start;
  for (const sibling of rest) {
    if (climb.isRightChild()) {
      computed1 = nodeHash(sibling, computed1);
      computed2 = nodeHash(sibling, computed2);
    } else {
      computed2 = nodeHash(computed2, sibling);
    }
    climb.toParent();
  }
  climb.mustBeAtTheRoot();
  mustBeEqual(computed1, root1, `the proof leads to another root of ${first} leaves`);
  mustBeEqual(computed2, root2, `the proof leads to another root of ${second} leaves`);
}

/** The way up from a node: its index in its level, and the index of the level's last node. */
class Climb {
  #index: bigint;
  #last: bigint;

  constructor(index: bigint, last: bigint) {
    this.#index = index;
    this.#last = last;
  }

  /** The last node of a level is never a left child: where it has no sibling, it rises to where it has one. */
  isRightChild(): boolean {
    if (this.#last === 0n) throw new InvalidProof('the proof is longer than it can be');
    return isOdd(this.#index) || this.#index === this.#last;
  }

  toParent(): void {
    while (this.#index === this.#last && !isOdd(this.#index) && this.#index !== 0n) this.#rise();
    this.#rise();
  }

  /** Up to the root of the largest perfect subtree that ends with this leaf. */
  toLargestSubtree(): void {
    while (isOdd(this.#index)) this.#rise();
  }

  mustBeAtTheRoot(): void {
    if (this.#last !== 0n) throw new InvalidProof('the proof is shorter than it must be');
  }

  #rise(): void {
    this.#index >>= 1n;
    this.#last >>= 1n;
  }
}

function checkedSize(value: bigint | number, what: string): bigint {
  const exact = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!exact) throw new InvalidProof(`the ${what} is no whole number that is exact`);
  const size = BigInt(value);
  if (size < 0n || size >= SIZE_LIMIT) throw new InvalidProof(`the ${what} is not between 0 and 2^64`);
  return size;
}

function checkHashes(proof: readonly Uint8Array[], ...others: readonly Uint8Array[]): void {
  if (!Array.isArray(proof)) throw new InvalidProof('the proof is no list of hashes');
  for (const value of [...others, ...proof]) {
    if (!types.isUint8Array(value) || value.length !== HASH_BYTES)
      throw new InvalidProof(`a hash does not have ${HASH_BYTES} bytes`);
  }
}

function mustBeEqual(computed: Uint8Array, expected: Uint8Array, otherwise: string): void {
  if (Buffer.compare(computed, expected) !== 0) throw new InvalidProof(otherwise);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
