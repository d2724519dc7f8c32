import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { bootstrap } from '../../src/bootstrap.ts';
import { type Core, composeApi, composeCore, composeWorker } from '../../src/composition.ts';
import { parseConfig } from '../../src/config.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { type Mailbox, type MailboxMessage, startMailbox } from '../../src/platform/embedded/mailbox.ts';
import { freePort } from './free-port.ts';
import { listen } from '../../src/platform/http/listen.ts';
import { installRuntime } from '../../src/platform/temporal/workflow-worker.ts';
import { ApiCaller, until } from './api-caller.ts';
import { createTestDatabase } from './database.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** Once per process: the SDK's own log goes where ours goes. */
let runtimeInstalled = false;

export interface TestSystemOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Without a worker nothing is carried out or mailed until `startWorker`. */
  readonly worker?: boolean;
  readonly logLevel?: string;
}

/** The whole product in this process, on a database, mailbox and task queue of its own. */
export interface TestSystem {
  readonly baseUrl: string;
  readonly ownerKey: string;
  readonly core: Core;
  readonly mailbox: Mailbox;
  readonly databaseAdminUrl: string;
  readonly api: ApiCaller['call'];
  readonly need: ApiCaller['need'];
  readonly person: ApiCaller['person'];
  mails(to?: string): Promise<MailboxMessage[]>;
  readonly until: typeof until;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const temporalAddress = process.env['TEST_TEMPORAL_ADDRESS'];
  if (!temporalAddress)
    throw new Error(
      'TEST_TEMPORAL_ADDRESS is not set: run tests through `npm test`, whose global setup starts Temporal',
    );
  const database = await createTestDatabase();
  const mailbox = await startMailbox({ dataDir: null });
  const port = await freePort();
  const ownerKey = `test_owner_${randomBytes(24).toString('hex')}`;
  const config = parseConfig({
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    RATE_LIMIT: '0',
    LOG_LEVEL: options.logLevel ?? 'silent',
    COUNTERSIGN_BOOTSTRAP_KEY: ownerKey,
    TEMPORAL_TASK_QUEUE: `test-${randomBytes(6).toString('hex')}`,
    WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'true',
    DATABASE_POOL_SIZE: '10',
    ...options.environment,
  });
  const logger = pino({ level: config.logLevel });
  if (!runtimeInstalled) installRuntime(logger);
  runtimeInstalled = true;
  const core = await composeCore({
    config,
    logger,
    clock: options.clock ?? systemClock,
    databaseUrl: database.url,
    temporalAddress,
    smtpUrl: mailbox.smtpUrl,
    secret: randomBytes(32).toString('hex'),
    workflowBundle: workflowBundle(),
  });
  await bootstrap(core.work, config.bootstrapKey);
  let worker: Awaited<ReturnType<typeof composeWorker>> | null = null;
  const server = await listen(composeApi(core, { mailbox }).app, '127.0.0.1', port);
  const baseUrl = config.publicUrl;

  const caller = new ApiCaller(baseUrl, ownerKey);

  const system: TestSystem = {
    baseUrl,
    ownerKey,
    core,
    mailbox,
    databaseAdminUrl: database.adminUrl,
    api: (...call) => caller.call(...call),
    need: (...call) => caller.need(...call),
    person: (...who) => caller.person(...who),
    mails: (to) => mailbox.messages(to ? { to } : {}),
    until,
    async startWorker() {
      worker ??= await composeWorker(core);
    },
    async stopWorker() {
      await worker?.stop(5_000);
      worker = null;
    },
    async stop() {
      await server.stop(2_000);
      await system.stopWorker();
      await core.stop();
      await mailbox.stop();
      await database.drop();
    },
  };
  if (options.worker !== false) await system.startWorker();
  return system;
}
