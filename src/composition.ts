import { readFileSync } from 'node:fs';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { createActivities } from '../activities/index.ts';
import { Announcer } from './approvals/announce.ts';
import { ApprovalCommands } from './approvals/commands.ts';
import { ApprovalCreation } from './approvals/creation.ts';
import { ApprovalExecution } from './approvals/execution.ts';
import { IntentReader } from './approvals/intents.ts';
import { mailedHook } from './approvals/mailed.ts';
import { ApprovalQueries } from './approvals/queries.ts';
import { approvalRoutes } from './approvals/routes.ts';
import { ApprovalService } from './approvals/service.ts';
import { ApprovalStarter } from './approvals/starter.ts';
import { ApprovalViews } from './approvals/view.ts';
import { ApprovalWorkflows } from './approvals/workflow-gateway.ts';
import { WorkflowHandler } from './approvals/workflow-relay.ts';
import { writeAudit } from './audit/store.ts';
import type { Config } from './config.ts';
import { entities } from './entities.ts';
import { MAIL_CONCURRENCY, MAIL_RETRY_FOR_MS, MailHandler } from './notify/mail-handler.ts';
import { settleOutbox, writeOutbox } from './notify/outbox.ts';
import { OutboxRelay } from './notify/relay.ts';
import { EventPublisher } from './notify/service.ts';
import { AddressGuard } from './notify/webhooks/address.ts';
import { WEBHOOK_CONCURRENCY, WEBHOOK_RETRY_FOR_MS, WebhookHandler } from './notify/webhooks/deliver.ts';
import { webhookRoutes } from './notify/webhooks/routes.ts';
import { WebhookService } from './notify/webhooks/service.ts';
import { failurePage } from './pages/routes/failure-page.ts';
import { composePages } from './page-composition.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { MasterKey } from './platform/crypto/master-key.ts';
import { Vault } from './platform/crypto/vault.ts';
import { Database } from './platform/database/database.ts';
import { Notifier } from './platform/database/notifier.ts';
import { DATABASE_ROLES } from './platform/database/tenant-table.ts';
import type { Mailbox } from './platform/embedded/mailbox.ts';
import { Housekeeping } from './platform/housekeeping.ts';
import { createApp } from './platform/http/app.ts';
import { Gate } from './platform/http/gate.ts';
import { Idempotency } from './platform/http/idempotency.ts';
import { openApiDocument } from './platform/http/openapi/document.ts';
import { RateLimit } from './platform/http/rate-limit.ts';
import type { ReadinessCheck } from './platform/http/readiness.ts';
import { createMetrics } from './platform/observability/metrics.ts';
import { startTracing } from './platform/observability/tracing.ts';
import { TemporalConnection } from './platform/temporal/connection.ts';
import { bundleWorkflows, WorkflowWorker } from './platform/temporal/workflow-worker.ts';
import { UnitOfWork } from './platform/unit-of-work.ts';
import { KeyAuthenticator } from './tenancy/authenticator.ts';
import { KeyService } from './tenancy/key-service.ts';
import { People } from './tenancy/people.ts';
import { tenancyRoutes } from './tenancy/routes.ts';
import { SettingsService } from './tenancy/settings-service.ts';
import { TeamService } from './tenancy/team-service.ts';

/** Everything a process needs to know before it can build anything; main.ts fills it in with what it has started. */
export interface Surroundings {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly smtpUrl: string;
  readonly secret: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

const WORKFLOW_CONCURRENCY = 8;

const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** What API and worker have in common: the database, the connection to Temporal, and the rooms that stand on them. */
export async function composeCore(surroundings: Surroundings) {
  const { config, logger, clock = systemClock } = surroundings;
  const tracing = config.traceEndpoint ? startTracing(config) : null;
  const metrics = createMetrics();
  const master = new MasterKey(surroundings.secret);
  const vault = new Vault(master);
  const database = Database.open({ url: surroundings.databaseUrl, role: DATABASE_ROLES.app, entities, poolSize: config.databasePoolSize, logger });
  const notifier = new Notifier({ url: surroundings.databaseUrl, logger });
  const work = new UnitOfWork({ database, vault, clock, log: { writeAudit, writeOutbox, settleOutbox }, notifier });
  const temporal = TemporalConnection.open({
    address: surroundings.temporalAddress, namespace: config.temporal.namespace, payloadKey: master.payloads, ...(tracing ? { plugins: [tracing.plugin] } : {}),
  });
  const people = new People(master, vault);
  const approvals = composeApprovals({ config, logger, clock, vault, notifier, work, temporal, people });
  await notifier.start();
  const stop = async () => {
    await approvals.starter.stop();
    await notifier.stop();
    await temporal.close();
    await database.close();
    await tracing?.shutdown();
  };
  return { surroundings, config, logger, clock, tracing, metrics, master, vault, database, notifier, work, temporal, people, approvals, stop };
}

export type Core = Awaited<ReturnType<typeof composeCore>>;

function composeApprovals(parts: Pick<Core, 'config' | 'logger' | 'clock' | 'vault' | 'notifier' | 'work' | 'temporal' | 'people'>) {
  const { config, logger, clock, vault, notifier, work, temporal, people } = parts;
  const webhooks = new EventPublisher({ vault, clock, changes: notifier });
  const announcer = new Announcer({ vault, people, webhooks, publicUrl: config.publicUrl });
  const execution = new ApprovalExecution(work, announcer, new IntentReader(vault));
  const creation = new ApprovalCreation({ work, people, announcer, execution });
  const workflows = new ApprovalWorkflows(temporal, config.temporal.taskQueue);
  const starter = new ApprovalStarter(work, workflows, logger);
  const commands = new ApprovalCommands({ work, people, creation, execution, workflows });
  const views = new ApprovalViews(vault, people);
  const queries = new ApprovalQueries({ work, views, people, clock });
  const service = new ApprovalService({ commands, queries, creation, starter, notifier, work, people });
  return { service, execution, commands, queries, views, workflows, starter };
}

export interface Api {
  readonly app: Express;
}

/** The API process: everything that is reached over HTTP. */
export function composeApi(core: Core, more: { checks?: readonly ReadinessCheck[]; mailbox?: Mailbox | null } = {}): Api {
  const { config, logger, clock, metrics, master, database, work, temporal, people, approvals } = core;
  const guard = new AddressGuard({ allowPrivate: config.webhookAllowPrivateAddresses });
  const routes = [
    ...tenancyRoutes({ teams: new TeamService(work, people), keys: new KeyService(work, people), settings: new SettingsService(work) }),
    ...approvalRoutes(approvals.service),
    ...webhookRoutes(new WebhookService(work, guard)),
  ];
  const document = openApiDocument(routes, { version, publicUrl: config.publicUrl });
  const checks = [{ name: 'database', check: () => database.ping() }, { name: 'temporal', check: () => temporal.check() }, ...(more.checks ?? [])];
  const gate = new Gate({ authenticator: new KeyAuthenticator(database, clock), rateLimit: new RateLimit(config.rateLimit) });
  const idempotency = new Idempotency({ work, clock, master, logger, onReplay: metrics.answerReplayed });
  const app = createApp({
    config, logger, metrics, document, checks, failurePage,
    api: { routes, gate, idempotency },
    pages: composePages(core, document, more.mailbox ?? null),
  });
  return { app };
}

/** The worker process: workflows and activities, and the relay that carries out what the outbox holds. */
export async function composeWorker(core: Core) {
  const { surroundings, config, logger, clock, tracing, master, database, approvals } = core;
  const plugins = tracing ? [tracing.plugin] : [];
  const claimsDatabase = Database.open({ url: surroundings.databaseUrl, role: DATABASE_ROLES.relay, entities, poolSize: 2, logger });
  const relay = composeRelay(core, claimsDatabase);
  const worker = await WorkflowWorker.start({
    address: surroundings.temporalAddress, namespace: config.temporal.namespace, taskQueue: config.temporal.taskQueue, payloadKey: master.payloads,
    activities: createActivities({ approvals: approvals.execution, logger }), bundle: await bundleWorkflows(logger, plugins), plugins,
  });
  const housekeeping = new Housekeeping({ database, clock, logger });
  relay.start();
  housekeeping.start();
  const stop = async (deadlineMs: number) => {
    await Promise.all([worker.stop(), relay.stop(deadlineMs), housekeeping.stop()]);
    await claimsDatabase.close();
  };
  return { worker, relay, stop };
}

function composeRelay({ surroundings, config, logger, clock, metrics, notifier, work, approvals }: Core, claimsDatabase: Database): OutboxRelay {
  const guard = new AddressGuard({ allowPrivate: config.webhookAllowPrivateAddresses });
  const mail = new MailHandler({ smtpUrl: surroundings.smtpUrl, from: config.mailFrom, publicUrl: config.publicUrl });
  const webhook = new WebhookHandler({ work, guard, clock });
  const workflow = new WorkflowHandler({ work, commands: approvals.commands, execution: approvals.execution, workflows: approvals.workflows });
  return new OutboxRelay({
    claimsDatabase, work, notifier, clock, logger, metrics: metrics.relay,
    lanes: new Map([
      ['mail', { handler: mail, concurrency: MAIL_CONCURRENCY, retryForMs: MAIL_RETRY_FOR_MS, hooks: mailedHook }],
      ['webhook', { handler: webhook, concurrency: WEBHOOK_CONCURRENCY, retryForMs: WEBHOOK_RETRY_FOR_MS }],
      ['workflow', { handler: workflow, concurrency: WORKFLOW_CONCURRENCY, retryForMs: null }],
    ]),
  });
}
