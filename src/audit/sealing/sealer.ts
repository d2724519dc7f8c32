import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.ts';
import type { BareDatabase, Run } from '../../platform/database/bare.ts';
import { Unavailable } from '../../platform/errors.ts';
import { leafTextHash } from '../leaf.ts';
import { EMPTY_ROOT } from '../merkle.ts';
import { signCheckpoint } from '../notes/checkpoint.ts';
import { signLink } from '../notes/checkpoint-link.ts';
import { formatVerifierKey } from '../notes/keys.ts';
import { appendLeaves, rootOfEdge } from '../tree/tiles.ts';
import {
  latestSigned,
  lockHead,
  type LogHead,
  makeLog,
  organizationsQueued,
  readEdge,
  type Shard,
  storeAppended,
  storeCheckpoint,
  takeQueued,
  unsignedHeads,
} from './sealing-store.ts';
import { SignedHeads } from './signed-heads.ts';
import { logOrigin, type SigningKeys } from './signing-keys.ts';

export interface SealerParts {
  /** Opened under `countersign_sealer`. */
  readonly database: BareDatabase;
  readonly keys: SigningKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of every entry: milliseconds from the moment it was written to the one its checkpoint was signed. */
  readonly onSealed?: (delayMs: number) => void;
}

/** The stored tiles do not lead to the committed root: the log was changed past us, and nothing more may be signed for it. */
export class LogDamaged extends Error {
  readonly code = 'log-damaged';
  constructor() {
    super(
      'the tiles of an audit log do not lead to its committed root; restore the tables audit_tiles and audit_logs from a backup',
    );
  }
}

/** Entries sealed in one transaction at most. */
const BATCH = 4_096;
/** So many organizations are sealed side by side. */
const CONCURRENCY = 4;
/** A log that cannot be sealed is tried again, and told of again, after this time. */
const TRY_AGAIN_AFTER_MS = 10_000;

interface Sealed {
  readonly head: LogHead;
  /** Milliseconds that each entry had waited at `takenAt`. */
  readonly waitedMs: readonly number[];
  /** By `performance.now()`. */
  readonly takenAt: number;
}

/**
 * Gives entries their place in their organization's tree, commits, and only then signs the new head: a crash at any point
 * therefore never leads to two roots of one size. Any number of sealers may run at once; they wait for each other.
 */
export class Sealer {
  readonly #parts: SealerParts;
  readonly #run: Run;
  /** Until when logs that could not be sealed are left alone, by `performance.now()`. */
  readonly #leftAlone = new Map<string, number>();
  readonly #signed = new SignedHeads();

  constructor(parts: SealerParts) {
    this.#parts = parts;
    this.#run = (sql, values) => parts.database.query(sql, values);
  }

  /**
   * Seals what is queued, one batch for each organization of the shard. A log that cannot be sealed does not hold up the others.
   * @returns whether there may be more at once
   * @throws Unavailable where the database does not answer
   */
  async round(shard: Shard): Promise<boolean> {
    const waiting = (await organizationsQueued(this.#run, shard)).filter(
      (organization) => !this.#isLeftAlone(organization),
    );
    let more = false;
    const next = async (): Promise<void> => {
      for (let organization = waiting.pop(); organization !== undefined; organization = waiting.pop()) {
        const sealed = await this.#guarded(organization, () => this.seal(organization));
        more ||= (sealed ?? 0) >= BATCH;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, next));
    return more;
  }

  /** Signs the heads that somebody has committed and did not come to sign. @throws Unavailable */
  async recover(shard: Shard): Promise<void> {
    const heads = (await unsignedHeads(this.#run, shard)).filter(
      ({ organization }) => !this.#isLeftAlone(organization),
    );
    for (const head of heads) await this.#guarded(head.organization, () => this.#sign(head));
  }

  /**
   * Seals up to one batch of an organization's entries.
   * @returns how many
   * @throws LogDamaged, LogForked, TilesDoNotFit, CannotDecrypt, Unavailable
   */
  async seal(organization: string): Promise<number> {
    const sealed = await this.#parts.database.transaction((run) => this.#append(run, organization));
    if (sealed === null) return 0;
    await this.#sign(sealed.head);
    const since = performance.now() - sealed.takenAt;
    for (const waited of sealed.waitedMs) this.#parts.onSealed?.(waited + since);
    return sealed.waitedMs.length;
  }

  async #append(run: Run, organization: string): Promise<Sealed | null> {
    const head = (await lockHead(run, organization)) ?? (await this.#makeLog(run, organization));
    // Before anything is committed that could then not be signed.
    const key = this.#parts.keys.open(organization, head.signingKey);
    const entries = await takeQueued(run, organization, BATCH);
    const takenAt = performance.now();
    if (entries.length === 0) return null;
    const edge = await readEdge(run, organization, head.size);
    if (!head.root.equals(rootOfEdge(head.size, edge))) throw new LogDamaged();
    await this.#signed.mustBeginAsSigned(run, head, await latestSigned(run, organization), key);
    const hashes = entries.map(({ leaf }) => leafTextHash(leaf));
    const grown = appendLeaves(head.size, edge, hashes);
    await storeAppended(run, head, entries, hashes, grown, this.#parts.clock.now());
    return {
      head: { ...head, size: grown.size, root: Buffer.from(grown.root) },
      waitedMs: entries.map(({ waitedMs }) => waitedMs),
      takenAt,
    };
  }

  async #makeLog(run: Run, organization: string): Promise<LogHead> {
    const { key, wrapped } = this.#parts.keys.make(organization);
    await makeLog(run, {
      organization,
      root: EMPTY_ROOT,
      verifierKey: formatVerifierKey(key),
      signingKey: wrapped,
      at: this.#parts.clock.now(),
    });
    const head = await lockHead(run, organization);
    if (!head) throw new Error('a log that was just made is not there');
    return head;
  }

  /**
   * Signs a head that is committed and begins with what was signed before, and that it follows the one that was signed last.
   * Under the head's lock: whoever comes late finds it, or a later one, signed, and leaves it at that.
   */
  async #sign(head: LogHead): Promise<void> {
    const { organization, size, root, signingKey } = head;
    const { database, keys, clock } = this.#parts;
    const key = keys.open(organization, signingKey);
    const origin = logOrigin(organization);
    await database.transaction(async (run) => {
      await lockHead(run, organization);
      const stored = await latestSigned(run, organization);
      const previous = stored?.size ?? 0;
      if (previous >= size) return;
      await this.#signed.mustBeginAsSigned(run, head, stored, key);
      const note = signCheckpoint({ origin, size, root }, key);
      const link = signLink({ origin, size, previous }, key);
      this.#signed.remember(head);
      await storeCheckpoint(run, { organization, size, root, at: clock.now(), note, previous, link });
    });
  }

  #isLeftAlone(organization: string): boolean {
    if (performance.now() < (this.#leftAlone.get(organization) ?? 0)) return true;
    this.#leftAlone.delete(organization);
    return false;
  }

  async #guarded<T>(organization: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      this.#leftAlone.set(organization, performance.now() + TRY_AGAIN_AFTER_MS);
      this.#parts.logger.error({ err: error, organization }, 'the audit log of an organization cannot be sealed');
      return null;
    }
  }
}
