import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { Client } from 'pg';
import { writeAudit } from '../../../src/audit/store.ts';
import { entities } from '../../../src/entities.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { Notifier } from '../../../src/platform/database/notifier.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { newId } from '../../../src/platform/ids.ts';
import { type Origin, type OutboxMessage, type Transaction, UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { createTestDatabase } from '../../support/database.ts';

/** Real time, which a test may move forward. */
class MovableClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

export interface OutboxRowSeen {
  readonly id: string;
  readonly due_at: Date;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly failed_at: Date | null;
  readonly body: Buffer | null;
}

/** A database of its own with everything that notify stands on. */
export class World {
  readonly clock = new MovableClock();
  readonly secret = randomBytes(32).toString('hex');
  readonly vault = this.freshVault();
  readonly logLines: string[] = [];
  readonly logger = pino({ level: 'info' }, { write: (line: string) => void this.logLines.push(line) });
  readonly url: string;
  readonly database: Database;
  readonly relayDatabase: Database;
  readonly notifier: Notifier;
  readonly work: UnitOfWork;
  /** Sees every organization. */
  readonly admin: Client;
  readonly #drop: () => Promise<void>;

  private constructor(parts: { url: string; admin: Client; drop: () => Promise<void> }) {
    const { url } = parts;
    this.url = url;
    this.admin = parts.admin;
    this.#drop = parts.drop;
    this.database = Database.open({ url, role: DATABASE_ROLES.app, entities, poolSize: 10, logger: this.logger });
    this.relayDatabase = Database.open({ url, role: DATABASE_ROLES.relay, entities, poolSize: 4, logger: this.logger });
    this.notifier = new Notifier({ url, logger: this.logger });
    this.work = this.workWith(this.vault);
  }

  static async open(): Promise<World> {
    const { url, adminUrl, drop } = await createTestDatabase();
    const admin = new Client({ connectionString: adminUrl });
    await admin.connect();
    const world = new World({ url, admin, drop });
    await world.notifier.start();
    return world;
  }

  async close(): Promise<void> {
    await this.notifier.stop();
    await Promise.all([this.database.close(), this.relayDatabase.close(), this.admin.end()]);
    await this.#drop();
  }

  /** A unit of work with another vault, such as that of a process that has not seen any key yet. */
  workWith(vault: Vault): UnitOfWork {
    const { database, clock, notifier } = this;
    return new UnitOfWork({ database, vault, clock, notifier, log: { writeAudit, writeOutbox, settleOutbox } });
  }

  /** A vault that remembers nothing yet. */
  freshVault(): Vault {
    return new Vault(new MasterKey(this.secret));
  }

  /** A new organization, which is no more than its key here. */
  async organization(): Promise<string> {
    const organization = newId();
    await this.work.bookkeep(
      originOf(organization),
      async (tx) => void this.vault.createKey(tx.em, organization, organization, tx.at),
    );
    return organization;
  }

  async person(organization: string): Promise<string> {
    const person = newId();
    await this.work.bookkeep(
      originOf(organization),
      async (tx) => void this.vault.createKey(tx.em, organization, person, tx.at),
    );
    return person;
  }

  /** Destroys a subject's key. A vault that has seen it goes on remembering it for a while. */
  async erase(subject: string): Promise<void> {
    await this.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      subject,
    ]);
  }

  enqueue(organization: string, ...messages: OutboxMessage[]): Promise<void> {
    return this.change(organization, (tx) => messages.forEach((message) => tx.enqueue(message)));
  }

  change(organization: string, work: (tx: Transaction) => void | Promise<void>): Promise<void> {
    return this.work.bookkeep(originOf(organization), async (tx) => work(tx));
  }

  async outbox(): Promise<OutboxRowSeen[]> {
    const { rows } = await this.admin.query<OutboxRowSeen>(
      'select id, due_at, attempts, last_error, failed_at, body from countersign.outbox order by id',
    );
    return rows;
  }
}

export function originOf(organization: string): Origin {
  return { organization, actor: { type: 'system', id: null }, requestId: null };
}
