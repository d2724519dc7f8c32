import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { Client } from 'pg';
import { Sealer } from '../../../src/audit/sealing/sealer.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { writeAudit } from '../../../src/audit/store.ts';
import { entities } from '../../../src/entities.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { newId } from '../../../src/platform/ids.ts';
import type { RequestSource } from '../../../src/platform/request-source.ts';
import { type Actor, type Origin, UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

export const WHOLE = { index: 0, of: 1 };

export interface StoredEntry {
  readonly id: string;
  readonly at: Date;
  readonly leaf: string;
  readonly sealed: Buffer | null;
}

export interface StoredLeaf {
  readonly index: number;
  readonly entry: string;
  readonly hash: Buffer;
}

export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
}

/** A database with what writes the audit log and what seals it. Nothing seals by itself. */
export class LogWorld {
  readonly secret = randomBytes(32).toString('hex');
  readonly master = new MasterKey(this.secret);
  readonly vault = new Vault(this.master);
  readonly logged: Record<string, unknown>[] = [];
  readonly logger = pino({ level: 'warn' }, { write: (line: string) => void this.logged.push(JSON.parse(line)) });
  readonly place: TestDatabase;
  readonly database: Database;
  readonly sealerDatabase: Database;
  readonly work: UnitOfWork;
  /** Sees and may do everything. */
  readonly admin: Client;

  private constructor(place: TestDatabase, admin: Client) {
    this.place = place;
    this.admin = admin;
    this.database = Database.open({
      url: place.url,
      role: DATABASE_ROLES.app,
      entities,
      poolSize: 20,
      logger: this.logger,
    });
    this.sealerDatabase = Database.open({
      url: place.url,
      role: DATABASE_ROLES.sealer,
      entities,
      poolSize: 10,
      logger: this.logger,
    });
    this.work = this.workWith(this.vault);
  }

  /** A unit of work with another vault, such as that of a process that has not seen any key yet, or with another clock. */
  workWith(vault: Vault, clock: Clock = systemClock): UnitOfWork {
    return new UnitOfWork({
      database: this.database,
      vault,
      clock,
      log: { writeAudit, writeOutbox, settleOutbox },
      notifier: { outboxFilled: () => undefined, auditWritten: () => undefined, changed: () => undefined },
    });
  }

  static async open(): Promise<LogWorld> {
    const place = await createTestDatabase();
    const admin = new Client({ connectionString: place.adminUrl });
    await admin.connect();
    return new LogWorld(place, admin);
  }

  async close(): Promise<void> {
    await Promise.all([this.database.close(), this.sealerDatabase.close(), this.admin.end()]);
    await this.place.drop();
  }

  /** @param more `secret`: another master secret than the world's */
  sealer({ secret = this.secret, onSealed }: { secret?: string; onSealed?: (delayMs: number) => void } = {}): Sealer {
    const parts = {
      database: new BareDatabase(this.sealerDatabase),
      keys: new SigningKeys(new MasterKey(secret)),
      clock: systemClock,
      logger: this.logger,
    };
    return new Sealer({ ...parts, ...(onSealed ? { onSealed } : {}) });
  }

  /** An organization, which is no more than its key here. */
  async organization(): Promise<string> {
    const organization = newId();
    await this.keyFor(organization, organization);
    return organization;
  }

  async person(organization: string): Promise<string> {
    const person = newId();
    await this.keyFor(organization, person);
    return person;
  }

  /** Writes entries, in one transaction. @returns the id of their transaction's request */
  async write(organization: string, count = 1, more: { actor?: Actor; source?: RequestSource } = {}): Promise<string> {
    const requestId = newId();
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId, ...more };
    await this.work.write(origin, async (tx) => {
      for (let n = 0; n < count; n += 1)
        tx.record({ action: 'team.made', resource: { type: 'team', id: newId() }, detail: { n } });
    });
    return requestId;
  }

  /** Seals until nothing is queued. */
  async sealAll(sealer = this.sealer()): Promise<void> {
    while ((await this.queued()) > 0) await sealer.round(WHOLE);
  }

  async queued(): Promise<number> {
    const { rows } = await this.admin.query<{ n: number }>('select count(*)::int as n from countersign.audit_pending');
    return rows[0]!.n;
  }

  async entries(organization: string): Promise<StoredEntry[]> {
    return (
      await this.admin.query<StoredEntry>(
        'select id, at, leaf, sealed from countersign.audit_entries where organization_id = $1 order by at, id',
        [organization],
      )
    ).rows;
  }

  async leaves(organization: string): Promise<StoredLeaf[]> {
    const { rows } = await this.admin.query<StoredLeaf>(
      'select leaf_index::int as index, entry_id as entry, leaf_hash as hash from countersign.audit_leaves where organization_id = $1 order by leaf_index',
      [organization],
    );
    return rows;
  }

  async checkpoints(organization: string): Promise<StoredCheckpoint[]> {
    const { rows } = await this.admin.query<StoredCheckpoint>(
      'select tree_size::int as size, root, note from countersign.audit_checkpoints where organization_id = $1 order by tree_size',
      [organization],
    );
    return rows;
  }

  async verifierKey(organization: string): Promise<string> {
    const { rows } = await this.admin.query<{ verifier_key: string }>(
      'select verifier_key from countersign.audit_logs where organization_id = $1',
      [organization],
    );
    return rows[0]!.verifier_key;
  }

  private async keyFor(organization: string, subject: string): Promise<void> {
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    await this.work.bookkeep(origin, async (tx) => void this.vault.createKey(tx.em, organization, subject, tx.at));
  }
}
