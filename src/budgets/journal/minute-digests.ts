import type { BareDatabase } from '../../platform/database/bare.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import {
  firstChange,
  lastBefore,
  lockDigested,
  moveDigested,
  organizationsToDigest,
  summaryOf,
} from './change-store.ts';
import { type Cut, Horizon } from './horizon.ts';
import type { Minute } from './summary.ts';

const MINUTE_MS = 60_000;

export interface MinuteDigestsParts {
  readonly work: UnitOfWork;
  /** Opened under `countersign_sealer`. */
  readonly sealer: BareDatabase;
}

/**
 * Writes one entry into the audit log for each minute in which an organization's reservations changed. An entry says which
 * numbers of the journal it covers and begins where the one before ends; it is written together with how far that is. So a
 * worker may be killed at any point, and any number of them may run: each change is in one entry.
 */
export class MinuteDigests {
  readonly #work: UnitOfWork;
  readonly #sealer: BareDatabase;
  readonly #horizon: Horizon;
  #cut: Cut | null = null;

  constructor({ work, sealer }: MinuteDigestsParts) {
    this.#work = work;
    this.#sealer = sealer;
    this.#horizon = new Horizon(sealer);
  }

  /** The organizations that have a minute to digest, of which nothing is still to come. @throws Unavailable */
  async due(): Promise<string[]> {
    this.#cut = await this.#horizon.advance();
    return this.#cut ? organizationsToDigest(this.#sealer, this.#cut) : [];
  }

  /**
   * Writes the entry of the next minute that is over.
   * @param cut up to where the journal is final; unset: as `due` found it
   * @returns whether there may be another one
   * @throws Unavailable
   */
  async step(organization: string, cut: Cut | null = this.#cut): Promise<boolean> {
    if (cut === null) return false;
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    return this.#work.bookkeep(origin, async (tx) => {
      const after = await lockDigested(tx.em, organization, tx.at);
      const minute = after === null ? null : await nextMinute(tx, cut, after);
      if (minute === null) return false;
      tx.record({
        action: 'reservations.recorded',
        resource: { type: 'reservation_journal', id: organization },
        detail: minute,
      });
      await moveDigested(tx.em, organization, minute.to, tx.at);
      return true;
    });
  }
}

/** Null where there is no change, or its minute is not over. */
async function nextMinute({ em, origin }: Transaction, cut: Cut, after: number): Promise<Minute | null> {
  const { organization } = origin;
  const final = { after, to: cut.last };
  const first = await firstChange(em, organization, final);
  if (!first) return null;
  const begin = new Date(Math.floor(first.at.getTime() / MINUTE_MS) * MINUTE_MS);
  const end = new Date(begin.getTime() + MINUTE_MS);
  if (end > cut.at) return null;
  const to = await lastBefore(em, organization, final, end);
  return { minute: begin.toISOString(), after, to, ...(await summaryOf(em, organization, { after, to })) };
}
