import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { LogCheck } from '../../../../src/audit/checking/log-check.ts';
import { LogKeys } from '../../../../src/audit/exports/log-keys.ts';
import { SigningKeys } from '../../../../src/audit/sealing/signing-keys.ts';
import type { Budgeted } from '../../../../src/budgets/budgeted.ts';
import { type Cut, Horizon } from '../../../../src/budgets/journal/horizon.ts';
import { type CheckedJournal, JournalCheck } from '../../../../src/budgets/journal/journal-check.ts';
import { MinuteDigests } from '../../../../src/budgets/journal/minute-digests.ts';
import type { Minute } from '../../../../src/budgets/journal/summary.ts';
import { type ReleaseOutcome, ReservationStore } from '../../../../src/budgets/reservation-store.ts';
import { BareDatabase } from '../../../../src/platform/database/bare.ts';
import { LogWorld } from '../../../audit/support/log-world.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const MINUTE_MS = 60_000;
const TTL_MS = 300_000;

/** A database with what holds money, without budgets in its way, what digests its journal, and what seals the audit log. */
export class JournalWorld {
  readonly log: LogWorld;
  readonly admin: Client;
  readonly digests: MinuteDigests;
  readonly #sealer: BareDatabase;
  readonly #store: ReservationStore;

  private constructor(log: LogWorld) {
    this.log = log;
    this.admin = log.admin;
    this.#sealer = new BareDatabase(log.sealerDatabase);
    this.#store = new ReservationStore(log.database);
    this.digests = this.worker();
  }

  static async open(): Promise<JournalWorld> {
    return new JournalWorld(await LogWorld.open());
  }

  close(): Promise<void> {
    return this.log.close();
  }

  /** Another worker, which knows nothing of the first one. @param behindMs of its clock */
  worker(behindMs = 0): MinuteDigests {
    const clock = { now: () => new Date(Date.now() - behindMs) };
    return new MinuteDigests({ work: this.log.workWith(this.log.vault, clock), sealer: this.#sealer });
  }

  organization(): Promise<string> {
    return this.log.organization();
  }

  /** @returns the reservation's id */
  async reserve(organization: string, amount = '1.5', expiresAt = new Date(Date.now() + TTL_MS)): Promise<string> {
    const id = randomUUID();
    const request = Buffer.from(id.slice(0, 16));
    const wanted = { id, request, amount, currency: 'USD', expiresAt };
    const { outcome } = await this.#store.reserve(organization, PLACE, wanted, new Date(), false);
    if (outcome !== 'held') throw new Error(`a reservation was answered ${outcome}`);
    return id;
  }

  async settle(organization: string, id: string, cost = '0.25'): Promise<void> {
    const { team, person } = PLACE;
    const event = { hash: Buffer.from('settled'), team, person, provider: 'p', model: 'm', currency: 'USD' };
    await this.log.database
      .fork(organization)
      .transactional((em) => this.#store.settle(em, id, { ...event, cost, occurredAt: new Date() }, new Date()));
  }

  release(organization: string, id: string): Promise<ReleaseOutcome> {
    return this.#store.release(organization, id, new Date());
  }

  async sweep(): Promise<void> {
    await this.log.database.orm.em
      .getConnection()
      .execute('select countersign.sweep_reservations(?, ?, 1000)', [NOBODY, new Date()]);
  }

  /** Up to now, as if the minute that it is were over. */
  async cutHere(): Promise<Cut> {
    const { last, at } = await this.cut();
    return { last, at: new Date(at.getTime() + MINUTE_MS) };
  }

  /** As soon as there is one that is final. */
  async cut(): Promise<Cut> {
    const horizon = new Horizon(this.#sealer);
    for (;;) {
      const cut = await horizon.advance();
      if (cut) return cut;
      await pause(10);
    }
  }

  /** Digests everything up to now. */
  async digestAll(organization: string, digests = this.digests): Promise<void> {
    const cut = await this.cutHere();
    while (await digests.step(organization, cut));
  }

  /** What the entries say, in the order of the journal. */
  async minutes(organization: string): Promise<Minute[]> {
    const { rows } = await this.admin.query<{ detail: Minute }>(
      `select leaf::jsonb -> 'detail' as detail from countersign.audit_entries
       where organization_id = $1 and action = 'reservations.recorded' order by (leaf::jsonb #>> '{detail,to}')::bigint`,
      [organization],
    );
    return rows.map(({ detail }) => detail);
  }

  /** Seals the log and compares it, and the reservations, with what is stored. */
  async check(organization: string): Promise<{ found: string[]; journal: CheckedJournal }> {
    await this.log.sealAll();
    const found: string[] = [];
    const report = ({ seq, what }: { seq: number | null; what: string }) =>
      void found.push(seq === null ? what : `entry ${seq}: ${what}`);
    const { work } = this.log;
    const keys = new LogKeys(this.#sealer, new SigningKeys(this.log.master));
    const journal = await JournalCheck.begin({ work, sealer: this.#sealer }, organization, report);
    const logs = new LogCheck({ work, archive: { read: async () => new Map() }, keys });
    const { waiting } = await logs.check(organization, report, {
      action: 'reservations.recorded',
      take: (seq, detail) => journal.take(seq, detail),
    });
    return { found, journal: await journal.finish(waiting === 0) };
  }
}

/** In a team without any budget above it. */
const PLACE: Budgeted = {
  team: randomUUID(),
  teamPath: [],
  person: randomUUID(),
  provider: 'openai',
  model: 'gpt-4o "mini"\\',
  currency: 'USD',
  version: 0,
  periods: [],
  leases: [],
};
