import { once } from 'node:events';
import { Client } from 'pg';
import { type Mailbox, startMailbox } from '../../../src/platform/embedded/mailbox.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Program, startProgram } from '../../support/program.ts';
import type { ApiCaller } from '../../support/api-caller.ts';
import { type Product, startProduct } from './product.ts';

const DOOMED_WORKER = new URL('./doomed-worker.ts', import.meta.url);

/** The product on the real Temporal server, whose worker the test starts, stops and has killed. */
export class RealWorld {
  readonly product: Product;
  readonly mailbox: Mailbox;
  readonly #database: TestDatabase;
  readonly #children: Program[] = [];

  private constructor(product: Product, mailbox: Mailbox, database: TestDatabase) {
    this.product = product;
    this.mailbox = mailbox;
    this.#database = database;
  }

  /** @param secret the master secret; one of its own where none is given */
  static async start(temporalAddress = testTemporalAddress(), secret?: string): Promise<RealWorld> {
    const [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox({ dataDir: null })]);
    const product = await startProduct({
      databaseUrl: database.url,
      temporalAddress,
      smtpUrl: mailbox.smtpUrl,
      ...(secret === undefined ? {} : { secret }),
    });
    return new RealWorld(product, mailbox, database);
  }

  get api(): ApiCaller {
    return this.product.api;
  }

  get databaseAdminUrl(): string {
    return this.#database.adminUrl;
  }

  /** Starts a worker that dies right after its first activity of this name. @returns its end */
  async startDoomedWorker(diesAfter: string): Promise<{ signal: Promise<NodeJS.Signals | null> }> {
    const { surroundings, config } = this.product.core;
    const child = startProgram(DOOMED_WORKER, {
      TEST_WORKFLOW_BUNDLE: process.env['TEST_WORKFLOW_BUNDLE'],
      DIES_AFTER: diesAfter,
      DATABASE_URL: surroundings.databaseUrl,
      TEMPORAL_ADDRESS: surroundings.temporalAddress,
      SMTP_URL: surroundings.smtpUrl,
      COUNTERSIGN_SECRET_KEY: surroundings.secret,
      TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
      PUBLIC_URL: config.publicUrl,
    });
    this.#children.push(child);
    const signal = once(child, 'exit').then(([, name]: (NodeJS.Signals | null)[]) => name ?? null);
    await Promise.race([
      once(child.stdout, 'data'),
      signal.then(() => Promise.reject(new Error('the doomed worker ended before it was ready'))),
    ]);
    return { signal };
  }

  /** Looks at the tables as their superuser. */
  async query<Row extends object>(sql: string, params: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: this.#database.adminUrl });
    await client.connect();
    try {
      return (await client.query<Row>(sql, params)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.product.stop();
    await this.mailbox.stop();
    await this.#database.drop();
  }
}

function testTemporalAddress(): string {
  const address = process.env['TEST_TEMPORAL_ADDRESS'];
  if (!address)
    throw new Error(
      'TEST_TEMPORAL_ADDRESS is not set: run tests through `npm test`, whose global setup starts Temporal',
    );
  return address;
}
