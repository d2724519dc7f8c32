import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { BLOCK_ENTRIES, type BundleEntry, type BundleScope } from '../bundle/format.ts';
import { writeBundle } from '../bundle/write.ts';
import { frameOf } from '../exports/bundle-scope.ts';
import type { LogKeys } from '../exports/log-keys.ts';
import type { SealedEntries, SealedEntry } from '../sealed-entries.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { ArchiveRow } from './archive-store.ts';
import type { PersonalLine } from './archived-month.ts';
import type { Month } from './month.ts';
import { SeekableWriter } from './seekable-writer.ts';

export interface MonthWriterParts {
  readonly work: UnitOfWork;
  readonly entries: SealedEntries;
  readonly keys: LogKeys;
  readonly files: ArchiveFiles;
}

/** Entries of the month wait to be sealed, or for the checkpoint that holds them. It takes a moment, or nobody seals. */
export class MonthNotSealed extends Error {
  readonly code = 'month-not-sealed';
  constructor(month: Month) {
    super(`entries of ${month.name} are not sealed yet`);
  }
}

/** Read in one transaction. */
const PAGE = 1_024;

/**
 * Writes an organization's month into two files: the bundle, without personal fields, and these as they are stored, under the
 * keys of whom they tell about. An archive in which they could be read would keep what somebody has erased.
 * @returns what is to be recorded once it is verified
 * @throws MonthNotSealed, Unavailable, what reading and writing throw
 */
export async function writeMonth(
  parts: MonthWriterParts,
  organization: string,
  month: Month,
  signal: AbortSignal,
): Promise<Omit<ArchiveRow, 'id'>> {
  const { work, keys, files } = parts;
  const frame = await work.read(organization, (em) => frameOf(em, organization, month.start, month.end));
  if (!frame) throw new MonthNotSealed(month);
  const drafts = {
    bundle: await files.draft(organization, month.name),
    personal: await files.draft(organization, month.name),
  };
  const bundle = await SeekableWriter.create(drafts.bundle);
  const personal = await SeekableWriter.create(drafts.personal);
  try {
    const copied = new CopiedEntries(parts, organization, { month, scope: frame.scope, personal, signal });
    const text = writeBundle(
      { scope: frame.scope, entries: copied.read(), checkpoints: each(frame.checkpoints) },
      await keys.of(organization),
    );
    for await (const block of text) await bundle.addFrame(block);
    const [digest, personalDigest] = [await bundle.finish(), await personal.finish()];
    await files.publish(drafts.bundle, organization, month.name, 'bundle', digest);
    await files.publish(drafts.personal, organization, month.name, 'personal', personalDigest);
    return {
      month: month.name,
      range: frame.scope.range,
      treeSize: frame.scope.treeSize,
      entries: copied.ofMonth,
      digest,
      personalDigest,
    };
  } catch (error) {
    await Promise.all([bundle.abandon(), personal.abandon()]);
    throw error;
  }
}

/** Reads entries for the bundle, and writes the personal fields of each block beside it. */
class CopiedEntries {
  readonly #parts: MonthWriterParts;
  readonly #organization: string;
  readonly #to: {
    readonly month: Month;
    readonly scope: BundleScope;
    readonly personal: SeekableWriter;
    readonly signal: AbortSignal;
  };
  #lines = '';
  /** How many of the entries are the month's. */
  ofMonth = 0;

  constructor(
    parts: MonthWriterParts,
    organization: string,
    to: { month: Month; scope: BundleScope; personal: SeekableWriter; signal: AbortSignal },
  ) {
    this.#parts = parts;
    this.#organization = organization;
    this.#to = to;
  }

  async *read(): AsyncGenerator<BundleEntry> {
    const { range } = this.#to.scope;
    for (let { start } = range; start < range.end; start += PAGE) {
      this.#to.signal.throwIfAborted();
      const page = { start, end: Math.min(start + PAGE, range.end) };
      for (const entry of await this.#parts.work.read(this.#organization, (em) =>
        this.#parts.entries.read(em, this.#organization, page),
      )) {
        await this.#copy(entry);
        yield { seq: entry.seq, leaf: entry.leaf, leafHash: entry.leafHash, personal: null, ids: null };
      }
    }
  }

  async #copy({ seq, at, sealed }: SealedEntry): Promise<void> {
    const { month, scope, personal } = this.#to;
    if (at >= month.start && at < month.end) this.ofMonth += 1;
    if (sealed) this.#lines += `${JSON.stringify({ seq, sealed: sealed.toString('base64') } satisfies PersonalLine)}\n`;
    if ((seq + 1) % BLOCK_ENTRIES !== 0 && seq + 1 !== scope.range.end) return;
    await personal.addFrame(this.#lines);
    this.#lines = '';
  }
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
