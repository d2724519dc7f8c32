import type { EntityManager } from '@mikro-orm/postgresql';
import type { Caller } from '../../platform/http/caller.ts';
import type { Page } from '../../platform/http/pagination.ts';
import type { RequestSource } from '../../platform/request-source.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import type { People } from '../../tenancy/service.ts';
import type { EntryFinder } from '../archive/entry-finder.ts';
import { sourceOf } from '../entry-source.ts';
import { decodePlace, encodePlace } from './cursor.ts';
import { conditionOf, type EntryFilter } from './entry-filter.ts';
import { type EntryIds, resolveIds } from './entry-ids.ts';
import type { StoredEntry } from './entry-store.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';
import { leafFields } from './leaf-fields.ts';
import { unlockPersonal } from './personal-fields.ts';

/** An entry with what is kept apart from its leaf: who is meant, and from where it came. */
export interface EntryView {
  readonly seq: number | null;
  readonly fields: LeafFields;
  readonly ids: EntryIds;
  /** Null where there was none, or it was erased. */
  readonly source: RequestSource | null;
}

interface EntryQuery extends EntryFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Reads the audit log. */
export class EntryQueries {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #finder: EntryFinder;

  constructor(parts: { work: UnitOfWork; people: People; finder: EntryFinder }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#finder = parts.finder;
  }

  /**
   * Entries newest first, as far as the caller may see them, archived ones included. The number of statements does not depend
   * on that of entries.
   * @throws ArchiveUnavailable, Forbidden, NotFound for a team that is not there, InvalidRequest
   */
  async list(caller: Caller, query: EntryQuery): Promise<Page<EntryView>> {
    const before = decodePlace(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const condition = await conditionOf(em, this.#people, caller, query);
      const { entries, next } = await this.#finder.find(em, caller.organization, condition, {
        before,
        limit: query.limit,
      });
      return { items: await this.#open(em, caller.organization, entries), next_cursor: next && encodePlace(next) };
    });
  }

  async #open(em: EntityManager, organization: string, entries: readonly StoredEntry[]): Promise<EntryView[]> {
    const fields = entries.map(({ leaf }) => leafFields(leaf));
    const ids = await resolveIds(em, this.#people, organization, fields);
    const keys = await unlockPersonal(this.#work.vault, em, organization, entries);
    return entries.map((entry, index) => ({
      seq: entry.seq,
      fields: fields[index]!,
      ids: ids[index]!,
      source: sourceOf(entry, keys),
    }));
  }
}
