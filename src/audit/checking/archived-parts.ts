import type { EntityManager } from '@mikro-orm/postgresql';
import { ArchiveDamaged } from '../archive/errors.ts';
import { BLOCK_ENTRIES } from '../bundle/format.ts';
import type { Archive, ArchivedPart } from '../sealed-entries.ts';
import type { Report } from './finding.ts';

/** What archives hold of entries, as far as they can be read. */
export interface ArchivedParts {
  readonly parts: ReadonlyMap<number, ArchivedPart>;
  /** Entries that stand where a file is damaged. */
  readonly damaged: ReadonlySet<number>;
}

/**
 * Reads entries out of archives. A block that is damaged is reported, and keeps nobody from the others.
 * @param seqs in ascending order
 * @throws ArchiveUnavailable
 */
export async function readArchived(
  archive: Archive,
  em: EntityManager,
  organization: string,
  seqs: readonly number[],
  report: Report,
): Promise<ArchivedParts> {
  try {
    return { parts: await archive.read(em, organization, seqs), damaged: new Set() };
  } catch (error) {
    if (!(error instanceof ArchiveDamaged)) throw error;
    const blocks = [...Map.groupBy(seqs, (seq) => Math.floor(seq / BLOCK_ENTRIES)).values()];
    if (blocks.length > 1) {
      const each: ArchivedParts[] = [];
      for (const block of blocks) each.push(await readArchived(archive, em, organization, block, report));
      return {
        parts: new Map(each.flatMap(({ parts }) => [...parts])),
        damaged: new Set(each.flatMap(({ damaged }) => [...damaged])),
      };
    }
    report({
      seq: seqs[0] ?? null,
      what: `it and ${seqs.length - 1} entries after it cannot be read: ${error.message}`,
    });
    return { parts: new Map(), damaged: new Set(seqs) };
  }
}
