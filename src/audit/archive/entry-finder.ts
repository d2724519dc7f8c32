import type { EntityManager } from '@mikro-orm/postgresql';
import type { Place } from '../reading/cursor.ts';
import type { EntryCondition } from '../reading/entry-filter.ts';
import { findEntries, type StoredEntry } from '../reading/entry-store.ts';
import type { SealedEntries } from '../sealed-entries.ts';
import { type ArchiveRow, droppedArchives } from './archive-store.ts';
import { meets } from './entry-condition.ts';
import type { Month } from './month.ts';

/** A page of entries, newest first. */
export interface FoundPage {
  readonly entries: readonly StoredEntry[];
  /** Where to go on; null where nothing can follow. A page may be short, even empty, and still not be the last. */
  readonly next: Place | null;
}

interface Search {
  readonly organization: string;
  readonly condition: EntryCondition;
  readonly before: Place | null;
  readonly limit: number;
}

interface Scanned {
  readonly found: readonly StoredEntry[];
  readonly lookedAt: number;
  /** Up to where, if not to the month's end. */
  readonly stoppedAt: Place | null;
}

type DroppedMonth = ArchiveRow & { readonly period: Month };

/** Taken out of files together. */
const CHUNK = 2_048;
/** For one page. Files have no index by action or actor: whoever looks for something rare gets several short pages. */
const LOOKED_AT_MOST = 8 * CHUNK;

/** A month's leaves stay in the database, and with them where each entry stands in time. */
const CANDIDATES = `
  select leaf_index as seq, entry_id as id, at from countersign.audit_leaves
  where organization_id = ? and leaf_index >= ? and leaf_index < ? and at >= ? and at < ? and (at, entry_id) < (?, ?)
  order by at desc, entry_id desc limit ?`;

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Finds entries by what they say, wherever they are kept by now. */
export class EntryFinder {
  readonly #entries: SealedEntries;
  readonly #lookedAtMost: number;

  /** @param lookedAtMost archived entries that are looked at for one page */
  constructor(entries: SealedEntries, lookedAtMost = LOOKED_AT_MOST) {
    this.#entries = entries;
    this.#lookedAtMost = lookedAtMost;
  }

  /** @throws ArchiveUnavailable, ArchiveDamaged, ArchivedEntryAltered, EntryMissing */
  async find(
    em: EntityManager,
    organization: string,
    condition: EntryCondition,
    page: { before: Place | null; limit: number },
  ): Promise<FoundPage> {
    const search: Search = { organization, condition, ...page, limit: page.limit + 1 };
    let found: readonly StoredEntry[] = await findEntries(em, organization, condition, search);
    let room = this.#lookedAtMost;
    for (const month of monthsWithin(await droppedArchives(em, organization), search)) {
      const oldest = found[page.limit];
      if (oldest && oldest.at >= month.period.end) break;
      const scanned = await this.#scan(em, month, search, room);
      found = [...found, ...scanned.found].toSorted(newestFirst).slice(0, search.limit);
      room -= scanned.lookedAt;
      if (scanned.stoppedAt)
        return pageOf(
          found.filter((entry) => newestFirst(entry, scanned.stoppedAt!) <= 0),
          page.limit,
          scanned.stoppedAt,
        );
    }
    return pageOf(found, page.limit, null);
  }

  async #scan(
    em: EntityManager,
    { range, period }: DroppedMonth,
    { organization, condition, before, limit }: Search,
    room: number,
  ): Promise<Scanned> {
    const found: StoredEntry[] = [];
    const [from, to] = [
      condition.from && condition.from > period.start ? condition.from : period.start,
      condition.to && condition.to < period.end ? condition.to : period.end,
    ];
    const chunk = Math.min(CHUNK, room);
    let place = before ?? { at: period.end, id: LAST_ID };
    for (let lookedAt = 0; ;) {
      const rows = await em.execute<{ seq: string; id: string; at: string }[]>(CANDIDATES, [
        organization,
        range.start,
        range.end,
        from,
        to,
        place.at,
        place.id,
        chunk,
      ]);
      lookedAt += rows.length;
      const entries = await this.#entries.pick(
        em,
        organization,
        rows.map(({ seq }) => Number(seq)),
      );
      const wanted = entries.filter((entry) => meets(entry, condition)).toSorted(newestFirst);
      found.push(...wanted.map(({ id, at, leaf, sealed, seq }) => ({ id, at, leaf, sealed, seq })));
      const last = rows.at(-1);
      if (!last || rows.length < chunk || found.length >= limit) return { found, lookedAt, stoppedAt: null };
      place = { at: new Date(last.at), id: last.id };
      if (lookedAt >= room) return { found, lookedAt, stoppedAt: place };
    }
  }
}

function monthsWithin(months: readonly DroppedMonth[], { condition: { from, to }, before }: Search): DroppedMonth[] {
  return months.filter(
    ({ period }) =>
      (!from || period.end > from) && (!to || period.start < to) && (!before || period.start <= before.at),
  );
}

/** @param stoppedAt where the search was left off; what is newer is complete */
function pageOf(found: readonly StoredEntry[], limit: number, stoppedAt: Place | null): FoundPage {
  if (found.length <= limit) return { entries: found, next: stoppedAt };
  const entries = found.slice(0, limit);
  return { entries, next: entries.at(-1)! };
}

function newestFirst(a: Place, b: Place): number {
  return b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
