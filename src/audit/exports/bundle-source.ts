import { setTimeout as pause } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../../platform/crypto/vault.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import type { People } from '../../tenancy/service.ts';
import type { BundleEntry } from '../bundle/format.ts';
import type { BundleParts } from '../bundle/write.ts';
import { type EntryIds, resolveIds } from '../reading/entry-ids.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';
import { leafFields } from '../reading/leaf-fields.ts';
import { openPersonal, personalSubject, unlockPersonal } from '../reading/personal-fields.ts';
import type { LeafRange } from '../rules/nodes.ts';
import type { SealedEntries, SealedEntry } from '../sealed-entries.ts';
import { type BundleFrame, frameOf } from './bundle-scope.ts';

/** Read in one transaction, and held in memory. */
const PAGE = 1_024;
const LOOK_AGAIN_AFTER_MS = 200;
/** So many entries before and after those of a bundle are looked at. */
const MARGIN = 1_024;

/** The moment by which an entry's leaf is found is not the one that was sealed: whoever changed it hides entries from a period. */
export class EntryMisplaced extends Error {
  readonly code = 'entry-misplaced';
  readonly seq: number;
  constructor(seq: number) {
    super(`the leaf of entry ${seq} has another moment than the entry; restore the table audit_leaves from a backup`);
    this.seq = seq;
  }
}

export interface Reading {
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Called again and again until everything is sealed; ends the reading by throwing. */
  readonly whileWaiting?: () => Promise<void>;
}

/** What opens personal data. */
export interface Openers {
  readonly vault: Vault;
  readonly people: People;
}

export interface BundleSourceParts {
  readonly work: UnitOfWork;
  readonly entries: SealedEntries;
  /** Made anew for each bundle: none may open what a key remembered from before opens and its owner's erasure has destroyed. */
  readonly openers: () => Openers;
}

/** Where the contents of bundles come from. */
export class BundleSource {
  readonly #parts: BundleSourceParts;

  constructor(parts: BundleSourceParts) {
    this.#parts = parts;
  }

  /**
   * What a bundle of this time holds, read page by page. Waits until every entry of the time that is committed is sealed.
   * @param from entries from this moment on
   * @param to up to, and without, this one
   * @throws AbortError; Unavailable; TilesDoNotFit; what `whileWaiting` throws. While it is read also EntryMissing, EntryMisplaced, what `openPersonal` and what the archive throws
   */
  async read(organization: string, from: Date, to: Date, reading: Reading): Promise<BundleParts> {
    const { scope, checkpoints } = await this.#sealedFrame(organization, from, to, reading);
    return {
      scope,
      entries: this.#entries(organization, scope.range, this.#parts.openers(), reading.signal),
      checkpoints: each(checkpoints),
    };
  }

  async #sealedFrame(
    organization: string,
    from: Date,
    to: Date,
    { signal, whileWaiting }: Reading,
  ): Promise<BundleFrame> {
    for (;;) {
      const frame = await this.#parts.work.read(organization, (em) => frameOf(em, organization, from, to));
      if (frame) return frame;
      await whileWaiting?.();
      await pause(LOOK_AGAIN_AFTER_MS, undefined, { signal });
    }
  }

  async *#entries(
    organization: string,
    range: LeafRange,
    openers: Openers,
    signal: AbortSignal,
  ): AsyncGenerator<BundleEntry> {
    await this.#checkMargins(organization, range);
    for (let { start } = range; start < range.end; start += PAGE) {
      signal.throwIfAborted();
      const page = { start, end: Math.min(start + PAGE, range.end) };
      yield* await this.#parts.work.read(organization, (em) => this.#page(em, organization, page, openers));
    }
  }

  /** The range is where leaves say that the period begins and ends: those beside it must not belong to it. */
  async #checkMargins(organization: string, { start, end }: LeafRange): Promise<void> {
    for (const margin of [
      { start: Math.max(0, start - MARGIN), end: start },
      { start: end, end: end + MARGIN },
    ])
      mustBeInPlace(
        await this.#parts.work.read(organization, (em) => this.#parts.entries.read(em, organization, margin)),
      );
  }

  async #page(
    em: EntityManager,
    organization: string,
    range: LeafRange,
    { vault, people }: Openers,
  ): Promise<BundleEntry[]> {
    const page = await this.#parts.entries.read(em, organization, range);
    mustBeInPlace(page);
    const fields = page.map(({ leaf }) => leafFields(leaf));
    const ids = await resolveIds(em, people, organization, fields);
    const keys = await unlockPersonal(vault, em, organization, page);
    return page.map((entry, index) => ({
      seq: entry.seq,
      leaf: entry.leaf,
      leafHash: entry.leafHash,
      personal: openPersonal(keys, personalSubject(organization, fields[index]!), entry),
      ids: aliasesIn(fields[index]!, ids[index]!),
    }));
  }
}

function mustBeInPlace(entries: readonly SealedEntry[]): void {
  const misplaced = entries.find(({ leaf, at }) => leafFields(leaf).at !== at.toISOString());
  if (misplaced) throw new EntryMisplaced(misplaced.seq);
}

/** What callers chose themselves; everything else has the id that stands in the leaf. */
function aliasesIn(
  { actor, on_behalf_of: onBehalfOf, resource, team }: LeafFields,
  ids: EntryIds,
): Record<string, string | null> | null {
  const chosen = [
    actor.type === 'person' && ['actor', ids.actor],
    onBehalfOf !== null && ['on_behalf_of', ids.onBehalfOf],
    (resource.type === 'person' || resource.type === 'team') && ['resource', ids.resource],
    team !== null && ['team', ids.team],
  ].filter((pair): pair is [string, string | null] => Array.isArray(pair));
  return chosen.length === 0 ? null : Object.fromEntries(chosen);
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
