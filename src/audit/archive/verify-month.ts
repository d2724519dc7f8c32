import { Readable } from 'node:stream';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { findVerifierKey } from '../proof-store.ts';
import type { ArchivedPart, SealedEntries, SealedEntry } from '../sealed-entries.ts';
import { verifyBundle } from '../verifier.ts';
import { type ArchiveFiles, digestOfFile } from './archive-files.ts';
import { type ArchiveRow, countEntries } from './archive-store.ts';
import { ArchivedMonth } from './archived-month.ts';
import { ArchiveDamaged } from './errors.ts';
import type { Month } from './month.ts';

export interface MonthVerifierParts {
  readonly work: UnitOfWork;
  readonly entries: SealedEntries;
  readonly files: ArchiveFiles;
}

type Archived = Omit<ArchiveRow, 'id'>;

/**
 * Reads the files of an organization's month from disk and compares them with what is still in the database: the bundle
 * verifies with the log's key, every entry of the month is in it as it is stored, and so are its personal fields.
 * @throws ArchiveDamaged where anything differs, ArchiveUnavailable, Unavailable
 */
export async function verifyMonth(
  parts: MonthVerifierParts,
  organization: string,
  month: Month,
  archived: Archived,
  signal: AbortSignal,
): Promise<void> {
  await verifyDigests(parts.files, organization, archived, signal);
  const files = await ArchivedMonth.open(parts.files, organization, { ...archived, id: '' });
  try {
    await verifyText(parts.work, organization, archived, files);
    await compareEntries(parts, organization, archived, files, signal);
    const stored = await parts.work.read(organization, (em) => countEntries(em, organization, month));
    if (stored !== archived.entries) throw damaged(archived, `holds ${archived.entries} entries of ${stored}`);
  } finally {
    await files.close();
  }
}

/** Whether the files are those that were verified. @throws ArchiveDamaged, ArchiveUnavailable */
export async function verifyDigests(
  files: ArchiveFiles,
  organization: string,
  archived: Archived,
  signal: AbortSignal,
): Promise<void> {
  for (const [part, digest] of [
    ['bundle', archived.digest],
    ['personal', archived.personalDigest],
  ] as const) {
    const found = await digestOfFile(files.pathOf(organization, archived.month, part, digest), signal);
    if (!found.equals(digest)) throw damaged(archived, 'was changed');
  }
}

async function verifyText(
  work: UnitOfWork,
  organization: string,
  archived: Archived,
  files: ArchivedMonth,
): Promise<void> {
  const key = await work.read(organization, (em) => findVerifierKey(em, organization));
  const result = await verifyBundle(Readable.from(files.text()), { key: key ?? '' });
  if (result.verdict !== 'valid') throw damaged(archived, `is ${result.verdict}: ${result.how}`);
  const { range, treeSize } = archived;
  if (result.start !== range.start || result.entries !== range.end - range.start || result.treeSize !== treeSize)
    throw damaged(archived, 'holds another stretch of the log');
}

async function compareEntries(
  { work, entries }: MonthVerifierParts,
  organization: string,
  archived: Archived,
  files: ArchivedMonth,
  signal: AbortSignal,
): Promise<void> {
  let next = archived.range.start;
  for (let block = 0; block < files.blocks; block += 1) {
    signal.throwIfAborted();
    const copies = await files.block(block);
    const stored = await work.read(organization, (em) =>
      entries.read(em, organization, { start: next, end: next + copies.length }),
    );
    if (copies.length === 0 || !copies.every((copy, index) => isCopyOf(copy, stored[index])))
      throw damaged(archived, `differs from the database between entries ${next} and ${next + copies.length}`);
    next += copies.length;
  }
  if (next !== archived.range.end) throw damaged(archived, `ends before entry ${next}`);
}

function isCopyOf({ seq, leaf, sealed }: ArchivedPart, stored: SealedEntry | undefined): boolean {
  return (
    stored?.seq === seq &&
    stored.leaf === leaf &&
    (stored.sealed === null ? sealed === null : sealed !== null && stored.sealed.equals(sealed))
  );
}

function damaged({ month }: Archived, how: string): ArchiveDamaged {
  return new ArchiveDamaged(month, how);
}
