import { rest } from '../../platform/rest.ts';
import type { Logger } from 'pino';
import { Alarm } from '../../platform/alarm.ts';
import { Unavailable } from '../../platform/errors.ts';
import type { Sealer } from './sealer.ts';
import type { Shard } from './sealing-store.ts';

export interface SealingParts {
  readonly sealer: Sealer;
  readonly notifier: { onAudit(listener: () => void): () => void };
  readonly logger: Logger;
}

/** Nobody has to call: that often it looks by itself. */
const POLL_MS = 250;
/** Between two rounds: what comes in meanwhile is sealed together, and gets one checkpoint. */
const NAP_MS = 150;
/** A sealer elsewhere may die between its commit and its signature. */
const RECOVER_EVERY_MS = 5_000;
/** Between two tries while the database is away. */
const AWAY_MS = 1_000;

/** Seals a shard's entries as they come. */
export class Sealing {
  readonly #parts: SealingParts;
  readonly #stopping = new AbortController();

  constructor(parts: SealingParts) {
    this.#parts = parts;
  }

  /** Has everything that runs end with what it is at; what is started from now on ends at once. */
  stop(): void {
    this.#stopping.abort();
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Seals until the signal, or `stop`, says so. While the database is away, it waits for it. */
  async run(shard: Shard, until: AbortSignal): Promise<void> {
    const { sealer, notifier } = this.#parts;
    const signal = AbortSignal.any([until, this.#stopping.signal]);
    const alarm = new Alarm();
    const wake = () => alarm.ring();
    const unsubscribe = notifier.onAudit(wake);
    signal.addEventListener('abort', wake);
    try {
      for (let recoverAt = 0; !signal.aborted;) {
        const now = performance.now();
        const recovers = now >= recoverAt;
        const more = await this.#reach(async () => {
          if (recovers) await sealer.recover(shard);
          return sealer.round(shard);
        }, signal);
        recoverAt = more === null ? 0 : recovers ? now + RECOVER_EVERY_MS : recoverAt;
        if (!more) await alarm.sleep(POLL_MS);
        await rest(NAP_MS, signal);
      }
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', wake);
    }
  }

  /** @returns null where the database was away */
  async #reach<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#parts.logger.warn('the audit log cannot be sealed while the database is away; trying again');
      await rest(AWAY_MS, signal);
      return null;
    }
  }
}
