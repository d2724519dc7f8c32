import { Writable } from 'node:stream';
import type { Logger } from 'pino';
import { type Mailbox, type MailboxMessage, startMailbox } from '../../../src/platform/embedded/mailbox.ts';
import { createLogger } from '../../../src/platform/observability/log.ts';
import { installRuntime } from '../../../src/platform/temporal/workflow-worker.ts';
import { Receiver } from '../../notify/support/receiver.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/api-caller.ts';
import { type Product, startProduct } from '../../workflows/support/product.ts';

/** The product with all it writes in reach: its database, its log at the level `trace`, its mails, its webhooks. */
export class ObservedWorld {
  readonly product: Product;
  readonly database: TestDatabase;
  readonly receiver: Receiver;
  readonly mailbox: Mailbox;
  readonly #log: Buffer[];
  readonly #mailServer: { open: boolean };

  private constructor(parts: {
    product: Product;
    database: TestDatabase;
    receiver: Receiver;
    mailbox: Mailbox;
    log: Buffer[];
    mailServer: { open: boolean };
  }) {
    this.product = parts.product;
    this.database = parts.database;
    this.receiver = parts.receiver;
    this.mailbox = parts.mailbox;
    this.#log = parts.log;
    this.#mailServer = parts.mailServer;
  }

  static async start(): Promise<ObservedWorld> {
    const temporalAddress = process.env['TEST_TEMPORAL_ADDRESS'];
    if (!temporalAddress)
      throw new Error(
        'TEST_TEMPORAL_ADDRESS is not set: run tests through `npm test`, whose global setup starts Temporal',
      );
    const log: Buffer[] = [];
    const logger = loggerInto(log);
    installRuntime(logger);
    const mailServer = { open: true };
    const receiver = new Receiver();
    await receiver.start();
    const [database, mailbox] = await Promise.all([
      createTestDatabase(),
      startMailbox({ dataDir: null, onMessage: () => (mailServer.open ? 'accept' : 'refuse') }),
    ]);
    const product = await startProduct({
      databaseUrl: database.url,
      temporalAddress,
      smtpUrl: mailbox.smtpUrl,
      logger,
      environment: { LOG_LEVEL: 'trace' },
    });
    await product.startWorker();
    return new ObservedWorld({ product, database, receiver, mailbox, log, mailServer });
  }

  /** The mail server answers every mail with "try again later", or takes them. */
  set mailServerOpen(open: boolean) {
    this.#mailServer.open = open;
  }

  get log(): Buffer {
    return Buffer.concat(this.#log);
  }

  /** The newest mail to an address whose subject has this in it. */
  mail(to: string, subject: string): Promise<MailboxMessage> {
    return until(
      async () => (await this.mailbox.messages({ to })).find((mail) => mail.subject.includes(subject)),
      `a mail to ${to} about ${subject}`,
      40_000,
    );
  }

  /** The address behind the button of a mail. */
  async link(to: string, subject: string): Promise<string> {
    const { text } = await this.mail(to, subject);
    const [address] = /http:\/\/\S+\/(?:r|sign-in)\/[\w-]{43}/.exec(text) ?? [];
    if (!address) throw new Error(`the mail “${subject}” holds no link`);
    return address;
  }

  async stop(): Promise<void> {
    await this.product.stop();
    await this.receiver.stop();
    await this.mailbox.stop();
    await this.database.drop();
  }
}

function loggerInto(chunks: Buffer[]): Logger {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return createLogger({ logLevel: 'trace' }, stream);
}
