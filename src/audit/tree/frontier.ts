import { nodeHash } from '../merkle.ts';
import { foldSubtrees } from './hashing.ts';

/** A subtree was appended where it does not fit: a subtree of 2^n leaves stands at a multiple of 2^n. */
export class SubtreeMisplaced extends Error {
  readonly code = 'subtree-misplaced';
}

/**
 * A tree that only grows, of which the roots of its perfect subtrees are kept: at most one for each bit of its size. That is
 * enough to append to it, and to know its root at any moment.
 */
export class Frontier {
  #size = 0;
  readonly #subtrees: Uint8Array[] = [];

  /** How many leaves it has. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends a leaf, or a perfect subtree of 2^level leaves.
   * @throws SubtreeMisplaced
   */
  append(hash: Uint8Array, level = 0): void {
    const width = 2 ** level;
    if (this.#size % width !== 0)
      throw new SubtreeMisplaced(`a subtree of ${width} leaves does not stand at leaf ${this.#size}`);
    this.#size += width;
    let root = hash;
    for (let above = width * 2; this.#size % above === 0; above *= 2) root = nodeHash(this.#subtrees.pop()!, root);
    this.#subtrees.push(root);
  }

  root(): Uint8Array {
    return foldSubtrees(this.#subtrees);
  }
}
