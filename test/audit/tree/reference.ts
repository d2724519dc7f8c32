import { createHash } from 'node:crypto';
import type { NodeReader } from '../../../src/audit/tree/proofs.ts';

/** RFC 6962, section 2.1, word for word and as slow as it stands there: what the product's own trees are compared with. */
export class ReferenceTree {
  readonly #leaves: readonly Buffer[];
  readonly #known = new Map<string, Buffer>();

  /** @param leaves the leaves themselves, not their hashes */
  constructor(leaves: readonly Uint8Array[]) {
    this.#leaves = leaves.map((leaf) => sha256(Buffer.of(0), leaf));
  }

  leafHash(index: number): Buffer {
    return this.#leaves[index]!;
  }

  /** MTH of the first leaves. */
  root(size: number): Buffer {
    return this.#mth(0, size);
  }

  /** PATH(m, D[n]). */
  path(m: number, n: number): Buffer[] {
    return this.#path(m, 0, n);
  }

  /** PROOF(m, D[n]). */
  proof(m: number, n: number): Buffer[] {
    return this.#subproof(m, 0, n, true);
  }

  get reader(): NodeReader {
    return async (nodes) => nodes.map(({ level, index }) => this.#mth(index * 2 ** level, (index + 1) * 2 ** level));
  }

  #mth(start: number, end: number): Buffer {
    if (end > this.#leaves.length) throw new Error(`there are no leaves up to ${end}`);
    const key = `${start}-${end}`;
    const hash = this.#known.get(key) ?? this.#compute(start, end);
    this.#known.set(key, hash);
    return hash;
  }

  #compute(start: number, end: number): Buffer {
    if (end === start) return sha256();
    if (end - start === 1) return this.#leaves[start]!;
    const k = start + split(end - start);
    return sha256(Buffer.of(1), this.#mth(start, k), this.#mth(k, end));
  }

  #path(m: number, start: number, end: number): Buffer[] {
    if (end - start === 1) return [];
    const k = start + split(end - start);
    return m < k ? [...this.#path(m, start, k), this.#mth(k, end)] : [...this.#path(m, k, end), this.#mth(start, k)];
  }

  #subproof(m: number, start: number, end: number, isWhole: boolean): Buffer[] {
    if (m === end) return isWhole ? [] : [this.#mth(start, end)];
    const k = start + split(end - start);
    return m <= k
      ? [...this.#subproof(m, start, k, isWhole), this.#mth(k, end)]
      : [...this.#subproof(m, k, end, false), this.#mth(start, k)];
  }
}

/** The leaves `0`, `1`, `2`, … */
export function numberedLeaves(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(String(index)));
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function split(n: number): number {
  return n <= 2 ? 1 : 2 ** (Math.ceil(Math.log2(n)) - 1);
}
