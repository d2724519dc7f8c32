import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { pino } from 'pino';
import { writeAudit } from '../../../src/audit/store.ts';
import { entities } from '../../../src/entities.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { newId } from '../../../src/platform/ids.ts';
import { type Origin, UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { makeKey } from '../../../src/tenancy/keys.ts';
import { makeOrganization } from '../../../src/tenancy/organizations.ts';
import type { Scope } from '../../../src/tenancy/rules/permissions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { TestClock } from './test-clock.ts';

const quiet = pino({ level: 'silent' });

/** What several server processes of one installation share: a database, the master secret, an organization and its keys. */
export class Installation {
  readonly master = new MasterKey(randomBytes(32).toString('hex'));
  readonly organization = newId();
  readonly #test: TestDatabase;
  readonly #opened: Database[] = [];
  readonly #servers: { close(): Promise<void> }[] = [];
  readonly #work: UnitOfWork;
  ownerKey = '';

  private constructor(test: TestDatabase) {
    this.#test = test;
    this.#work = this.openWork(new TestClock());
  }

  static async create(): Promise<Installation> {
    const installation = new Installation(await createTestDatabase());
    await installation.#makeOrganization();
    return installation;
  }

  /** The database as one more process sees it. */
  openWork(clock: TestClock): UnitOfWork {
    const database = Database.open({
      url: this.#test.url,
      role: DATABASE_ROLES.app,
      entities,
      poolSize: 8,
      logger: quiet,
    });
    this.#opened.push(database);
    const notifier = { outboxFilled: () => undefined, auditWritten: () => undefined, changed: () => undefined };
    return new UnitOfWork({
      database,
      vault: new Vault(this.master),
      clock,
      log: { writeAudit, writeOutbox, settleOutbox },
      notifier,
    });
  }

  /** Makes a key for a service that may do this much. */
  serviceKey(scopes: readonly Scope[]): Promise<string> {
    return this.#work.write(
      this.#origin(),
      async (tx) =>
        makeKey(tx, {
          id: newId(),
          kind: 'service',
          person: null,
          serviceName: 'test',
          team: null,
          scopes,
          expiresAt: null,
        }).secret,
    );
  }

  /** Makes people whom sealed values can be about. */
  async people(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => newId());
    await this.#work.bookkeep(this.#origin(), async ({ em, at }) =>
      ids.forEach((id) => this.#work.vault.createKey(em, this.organization, id, at)),
    );
    return ids;
  }

  async person(): Promise<string> {
    const [id] = await this.people(1);
    if (id === undefined) throw new RangeError('nobody was made');
    return id;
  }

  /** Resolves when a query gives a row. */
  async until(sql: string, values: readonly unknown[] = []): Promise<void> {
    while ((await this.query(sql, values)).length === 0);
  }

  /** Reads past row-level security. */
  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const admin = new Client({ connectionString: this.#test.adminUrl });
    await admin.connect();
    try {
      return (await admin.query<Row>(sql, [...values])).rows;
    } finally {
      await admin.end();
    }
  }

  /** Has all rows of a table be older by an interval such as `6 days`. */
  async age(table: string, column: string, interval: string): Promise<void> {
    await this.query(`update countersign.${table} set ${column} = ${column} - $1::interval`, [interval]);
  }

  /** Has a server closed with the installation, also where a test that failed did not come to it. */
  closeWithIt(server: { close(): Promise<void> }): void {
    this.#servers.push(server);
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    await Promise.all(this.#opened.map((database) => database.close()));
    await this.#test.drop();
  }

  async #makeOrganization(): Promise<void> {
    const { secret } = await this.#work.write(this.#origin(), async (tx) =>
      makeOrganization(tx, this.#work.vault, { name: 'Test', ownerKind: 'owner' }),
    );
    this.ownerKey = secret;
  }

  #origin(): Origin {
    return { organization: this.organization, actor: { type: 'system', id: null }, requestId: null };
  }
}
