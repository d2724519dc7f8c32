import { createHash, hash } from 'node:crypto';
import { commitmentIn } from '../leaf.ts';
import type { SigningKey } from '../notes/keys.ts';
import {
  BLOCK_ENTRIES,
  type BundleCheckpoint,
  type BundleCounts,
  type BundleEntry,
  type BundleScope,
  checkpointLine,
  digestsLine,
  entryLine,
  headerLine,
  manifestLine,
} from './format.ts';

/** What was to be bundled is not what the scope says. Nothing is signed: a bundle that is not whole must not look like one. */
export class BundleIncomplete extends Error {
  readonly code = 'bundle-incomplete';
}

export interface BundleParts {
  readonly scope: BundleScope;
  /** In the order of the log. */
  readonly entries: AsyncIterable<BundleEntry>;
  /** By size, each size once: some or all of those within the range, and last the one of `treeSize`. */
  readonly checkpoints: AsyncIterable<BundleCheckpoint>;
}

/**
 * Writes a bundle. Nothing of it is kept but the block of 256 entries at hand.
 * @param key the log's
 * @returns the file, in pieces that end at the end of a line; and what it holds
 * @throws BundleIncomplete where entries or checkpoints are missing, surplus or out of order
 */
export async function* writeBundle(
  { scope, entries, checkpoints }: BundleParts,
  key: SigningKey,
): AsyncGenerator<string, BundleCounts> {
  const file = new CoveredText();
  const due = new DueCheckpoints(checkpoints, scope);
  let erased = 0;
  try {
    file.add(headerLine(scope, key));
    for await (const block of inBlocks(entries, scope)) {
      const lines = block.map(entryLine);
      file.add(...(await due.at(block[0]!.seq)));
      file.add(digestsLine(file.hashSoFar(), block, lines.map(digest), key));
      for (const [index, { seq }] of block.entries()) file.add(...(await due.at(seq)), lines[index]!);
      erased += block.filter(isErased).length;
      yield file.take();
    }
    file.add(...(await due.atTheEnd()));
    const counts = { entries: scope.range.end - scope.range.start, erased, checkpoints: due.handedOut };
    file.add(manifestLine(file.hashSoFar(), counts, key));
    yield file.take();
    return counts;
  } finally {
    await due.close();
  }
}

/** Lines that wait to be handed over, and the hash of all that were ever added. */
class CoveredText {
  #waiting = '';
  readonly #hash = createHash('sha256');

  add(...lines: readonly string[]): void {
    for (const line of lines) {
      this.#hash.update(`${line}\n`);
      this.#waiting += `${line}\n`;
    }
  }

  hashSoFar(): Uint8Array {
    return this.#hash.copy().digest();
  }

  take(): string {
    const text = this.#waiting;
    this.#waiting = '';
    return text;
  }
}

/** A checkpoint stands where the log had its size: before the entry with that seq. */
class DueCheckpoints {
  readonly #checkpoints: AsyncIterator<BundleCheckpoint>;
  readonly #scope: BundleScope;
  #next: BundleCheckpoint | null | undefined;
  #latest = -1;
  handedOut = 0;

  constructor(checkpoints: AsyncIterable<BundleCheckpoint>, scope: BundleScope) {
    this.#checkpoints = checkpoints[Symbol.asyncIterator]();
    this.#scope = scope;
  }

  /** The lines of those that stand before the entry with this seq. */
  async at(size: number): Promise<string[]> {
    const lines = [];
    for (let next = await this.#peek(); next && next.size <= size; next = await this.#peek())
      lines.push(this.#handOut(next));
    return lines;
  }

  /** The lines of those after the last entry, and of the one that closes the bundle. */
  async atTheEnd(): Promise<string[]> {
    const lines = await this.at(this.#scope.treeSize);
    if (await this.#peek()) throw new BundleIncomplete('there is a checkpoint after the one that closes the bundle');
    if (this.#latest !== this.#scope.treeSize)
      throw new BundleIncomplete(`the checkpoint of ${this.#scope.treeSize} entries is missing`);
    return lines;
  }

  async close(): Promise<void> {
    await this.#checkpoints.return?.();
  }

  async #peek(): Promise<BundleCheckpoint | null> {
    if (this.#next === undefined) {
      const { done, value } = await this.#checkpoints.next();
      this.#next = done ? null : value;
    }
    return this.#next;
  }

  #handOut(checkpoint: BundleCheckpoint): string {
    const { range, treeSize } = this.#scope;
    const belongs = (checkpoint.size >= range.start && checkpoint.size <= range.end) || checkpoint.size === treeSize;
    if (!belongs || checkpoint.size <= this.#latest)
      throw new BundleIncomplete(`the checkpoint of ${checkpoint.size} entries does not stand here`);
    this.#latest = checkpoint.size;
    this.#next = undefined;
    this.handedOut += 1;
    return checkpointLine(checkpoint);
  }
}

/** Blocks end where tiles of the log end, so that the first and last may be shorter. */
async function* inBlocks(
  entries: AsyncIterable<BundleEntry>,
  { range }: BundleScope,
): AsyncGenerator<readonly BundleEntry[]> {
  let block: BundleEntry[] = [];
  let next = range.start;
  for await (const entry of entries) {
    if (entry.seq !== next || next >= range.end)
      throw new BundleIncomplete(
        `entry ${entry.seq} stands where entry ${next} belongs, of ${range.start} to ${range.end}`,
      );
    block.push(entry);
    next += 1;
    if (next % BLOCK_ENTRIES === 0) {
      yield block;
      block = [];
    }
  }
  if (next !== range.end) throw new BundleIncomplete(`the entries end before ${next}, not before ${range.end}`);
  if (block.length > 0) yield block;
}

function isErased({ personal, leaf }: BundleEntry): boolean {
  return personal === null && commitmentIn(leaf) !== null;
}

function digest(line: string): Uint8Array {
  return hash('sha256', `${line}\n`, 'buffer');
}
