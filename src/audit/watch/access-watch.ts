import type { MasterKey } from '../../platform/crypto/master-key.ts';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { organizationById, type OrganizationSettings } from '../../tenancy/service.ts';
import { watchSettings } from '../../tenancy/rules/audit-settings.ts';
import { sourceOf } from '../entry-source.ts';
import { logSize } from '../proof-store.ts';
import { leafFields } from '../reading/leaf-fields.ts';
import type { LeafFields } from '../rules/leaf-fields.ts';
import { localTime } from '../rules/watch/local-time.ts';
import { networkOf } from '../rules/watch/network.ts';
import { type Observation, READING_ACTIONS } from '../rules/watch/observation.ts';
import { observe } from '../rules/watch/observe.ts';
import type { LeafRange } from '../rules/nodes.ts';
import type { AccessState } from '../rules/watch/access-state.ts';
import type { SealedEntries, SealedEntry } from '../sealed-entries.ts';
import type { Countries } from './countries.ts';
import type { FindingNotice, PersonFinding } from './finding-notice.ts';
import { lockCursor, moveCursor, readStates, writeStates } from './watch-store.ts';

export interface AccessWatchParts {
  readonly work: UnitOfWork;
  readonly master: MasterKey;
  readonly entries: SealedEntries;
  readonly countries: Countries;
  readonly notice: FindingNotice;
}

/** Entries looked at in one transaction. */
const BATCH = 500;

interface PersonsEntry extends SealedEntry {
  readonly person: string;
  readonly content: LeafFields;
}

/**
 * Looks through organizations' logs, in the order of their leaves, for access that is unusual for a person. How far it has
 * come, what it has learnt and what it has found are written together: nothing is found twice, and nothing is passed over
 * but entries that are nowhere any more, which is a finding itself.
 */
export class AccessWatch {
  readonly #parts: AccessWatchParts;

  constructor(parts: AccessWatchParts) {
    this.#parts = parts;
  }

  /**
   * Looks at the next entries of a log.
   * @returns whether there may be more
   * @throws Unavailable, ArchiveUnavailable, ArchiveDamaged
   */
  async step(organization: string): Promise<boolean> {
    await this.#parts.countries.refresh();
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    return this.#parts.work.bookkeep(origin, async (tx) => {
      const next = await lockCursor(tx.em, organization, tx.at);
      if (next === null) return false;
      const end = Math.min(next + BATCH, await logSize(tx.em, organization));
      if (end <= next) return false;
      const entries = await this.#parts.entries.readReadable(tx.em, organization, { start: next, end });
      await this.#passOver(tx, { start: next, end }, entries);
      await this.#lookAt(tx, entries.flatMap(asPersons));
      await moveCursor(tx.em, organization, end, tx.at);
      return end === next + BATCH;
    });
  }

  /** What is missing must not keep the rest from being looked at; `countersign audit check` names each of them. */
  async #passOver(tx: Transaction, { start, end }: LeafRange, entries: readonly SealedEntry[]): Promise<void> {
    const missing = end - start - entries.length;
    if (missing === 0) return;
    const known = new Set(entries.map(({ seq }) => seq));
    let first = start;
    while (known.has(first)) first += 1;
    await this.#parts.notice.writeMissing(tx, first, missing);
  }

  async #lookAt(tx: Transaction, entries: readonly PersonsEntry[]): Promise<void> {
    const { work, notice } = this.#parts;
    const { organization } = tx.origin;
    const people = [...new Set(entries.map(({ person }) => person))];
    const keys = await work.vault.unlock(tx.em, organization, people);
    const states = await readStates(tx.em, organization, people, keys);
    const { settings } = await organizationById(tx.em, organization);
    const findings = entries.flatMap((entry) => this.#observe(organization, entry, states, keys, settings));
    await writeStates(tx.em, organization, states, keys, tx.at);
    for (const finding of findings) await notice.write(tx, finding);
  }

  #observe(
    organization: string,
    entry: PersonsEntry,
    states: Map<string, AccessState>,
    keys: UnlockedKeys,
    settings: OrganizationSettings,
  ): PersonFinding[] {
    const { person, seq, at, content } = entry;
    const known = states.get(person);
    if (!known) return [];
    const address = sourceOf(entry, keys)?.address ?? '';
    const where = {
      network: this.#networkHash(organization, person, address),
      country: this.#parts.countries.of(address),
    };
    const { state, findings } = observe(
      known,
      observationOf(entry, where, settings.timezone ?? 'UTC'),
      watchSettings(settings.audit),
    );
    states.set(person, state);
    return findings.map((finding) => ({ ...finding, person, at, seq, team: content.team }));
  }

  /** Of each person another one: that two people use one network is not to be read off it. */
  #networkHash(organization: string, person: string, address: string): string | null {
    const network = networkOf(address);
    return (
      network &&
      this.#parts.master.lookupHash(`${organization}/${person}/network`, network).toString('base64url', 0, 16)
    );
  }
}

function asPersons(entry: SealedEntry): PersonsEntry[] {
  const content = leafFields(entry.leaf);
  const { type, ref } = content.actor;
  return type === 'person' && ref !== null ? [{ ...entry, content, person: ref }] : [];
}

function observationOf(
  { at, content }: PersonsEntry,
  where: Pick<Observation, 'network' | 'country'>,
  timezone: string,
): Observation {
  const kind = READING_ACTIONS[content.action];
  const { type, ref } = content.resource;
  return {
    at,
    local: localTime(at, timezone),
    ...where,
    denied: content.outcome === 'denied',
    read: kind ? { kind, object: `${type}/${ref}` } : null,
  };
}
