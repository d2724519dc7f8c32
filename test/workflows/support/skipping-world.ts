import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Clock } from '../../../src/platform/clock.ts';
import { type Mailbox, startMailbox } from '../../../src/platform/embedded/mailbox.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createTimeSkippingEnvironment } from '../../support/time-skipping.ts';
import type { ApiCaller } from '../../support/api-caller.ts';
import { type Product, startProduct } from './product.ts';

/** The product on a Temporal whose time the test moves; its own clock follows. */
export class SkippingWorld {
  readonly product: Product;
  readonly mailbox: Mailbox;
  readonly #environment: TestWorkflowEnvironment;
  readonly #database: TestDatabase;
  readonly #clock: MovableClock;

  private constructor(parts: {
    product: Product;
    mailbox: Mailbox;
    environment: TestWorkflowEnvironment;
    database: TestDatabase;
    clock: MovableClock;
  }) {
    this.product = parts.product;
    this.mailbox = parts.mailbox;
    this.#environment = parts.environment;
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  static async start(): Promise<SkippingWorld> {
    const [environment, database, mailbox] = await Promise.all([
      createTimeSkippingEnvironment(),
      createTestDatabase(),
      startMailbox({ dataDir: null }),
    ]);
    const clock = new MovableClock();
    const product = await startProduct({
      databaseUrl: database.url,
      temporalAddress: environment.address,
      smtpUrl: mailbox.smtpUrl,
      clock,
      withoutSealing: true,
    });
    await product.startWorker();
    return new SkippingWorld({ product, mailbox, environment, database, clock });
  }

  get api(): ApiCaller {
    return this.product.api;
  }

  get databaseAdminUrl(): string {
    return this.#database.adminUrl;
  }

  /** What the product takes for the present. */
  now(): Date {
    return this.#clock.now();
  }

  /** Lets time pass: every timer that is due on the way fires in its order. Whatever the outbox holds for then is due too. */
  async pass(milliseconds: number): Promise<void> {
    await this.#environment.sleep(milliseconds);
    this.#clock.set(await this.#environment.currentTimeMs());
    this.product.core.notifier.outboxFilled();
  }

  async stop(): Promise<void> {
    await this.product.stop();
    await this.mailbox.stop();
    await this.#environment.teardown();
    await this.#database.drop();
  }
}

/** Goes on like the system's clock, from wherever it was set to. */
class MovableClock implements Clock {
  #aheadMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#aheadMs);
  }

  set(at: number): void {
    this.#aheadMs = at - Date.now();
  }
}
