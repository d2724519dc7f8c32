import { randomBytes } from 'node:crypto';
import { type Logger, pino } from 'pino';
import { bootstrap } from '../../../src/bootstrap.ts';
import { type Core, composeApi, composeCore, composeWorker } from '../../../src/composition.ts';
import { parseConfig } from '../../../src/config.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { listen } from '../../../src/platform/http/listen.ts';
import { freePort } from '../../support/free-port.ts';
import { workflowBundle } from '../../support/workflow-bundle.ts';
import { ApiCaller } from '../../support/api-caller.ts';

export interface ProductParts {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Where no mail is looked at, nothing need listen there. */
  readonly smtpUrl?: string;
  readonly secret?: string;
  readonly ownerKey?: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly environment?: Readonly<Record<string, string>>;
  /** The worker does not seal the audit log: time would not pass on a Temporal whose time skips, while that activity runs. */
  readonly withoutSealing?: boolean;
}

/** One installation of the product in this process, on services that the test chooses. */
export interface Product {
  readonly core: Core;
  readonly ownerKey: string;
  readonly api: ApiCaller;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing listens on the discard port of the loopback interface: mail waits in the outbox. */
const NOWHERE = 'smtp://127.0.0.1:9';

/** Starts API and worker on the given services. A second start on the same database, secret and task queue is a restart. */
export async function startProduct(parts: ProductParts): Promise<Product> {
  const port = await freePort();
  const ownerKey = parts.ownerKey ?? `test_owner_${randomBytes(24).toString('hex')}`;
  const config = parseConfig({
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    RATE_LIMIT: '0',
    COUNTERSIGN_BOOTSTRAP_KEY: ownerKey,
    // `TEST_LOG_LEVEL=warn` lets whoever looks for the cause of a failure see what the product has to say.
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    TEMPORAL_TASK_QUEUE: `test-${randomBytes(6).toString('hex')}`,
    WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'true',
    DATABASE_POOL_SIZE: '10',
    ...parts.environment,
  });
  const core = await composeCore({
    config,
    logger: parts.logger ?? pino({ level: config.logLevel }),
    clock: parts.clock ?? systemClock,
    databaseUrl: parts.databaseUrl,
    temporalAddress: parts.temporalAddress,
    smtpUrl: parts.smtpUrl ?? NOWHERE,
    secret: parts.secret ?? randomBytes(32).toString('hex'),
    workflowBundle: workflowBundle(),
  });
  await bootstrap(core.work, ownerKey);
  const server = await listen(composeApi(core).app, '127.0.0.1', port);
  let worker: Awaited<ReturnType<typeof composeWorker>> | null = null;
  const stopWorker = async () => {
    await worker?.stop(5_000);
    worker = null;
  };
  return {
    core,
    ownerKey,
    api: new ApiCaller(config.publicUrl, ownerKey),
    startWorker: async () => {
      worker ??= await composeWorker(core, { sealing: !parts.withoutSealing });
    },
    stopWorker,
    stop: async () => {
      await server.stop(2_000);
      await stopWorker();
      await core.stop();
    },
  };
}
