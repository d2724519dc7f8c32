import { createActivities } from '../../activities/index.ts';
import { mailHooks } from '../approvals/mailed.ts';
import { PeopleChanges } from '../approvals/people-changes.ts';
import { WorkflowHandler } from '../approvals/workflow-relay.ts';
import { ExportWorkflows } from '../audit/exports/export-workflows.ts';
import { BUDGET_CONCURRENCY, BudgetWorkflows } from '../budgets/enforcement/budget-workflows.ts';
import { ReservationSweeper } from '../budgets/sweeper.ts';
import { entities } from '../entities.ts';
import { MAIL_CONCURRENCY, MAIL_RETRY_FOR_MS, MailHandler } from '../notify/mail-handler.ts';
import { OutboxRelay } from '../notify/relay.ts';
import type { OutboxHandler } from '../notify/service.ts';
import { AddressGuard } from '../notify/webhooks/address.ts';
import { WEBHOOK_CONCURRENCY, WEBHOOK_RETRY_FOR_MS, WebhookHandler } from '../notify/webhooks/deliver.ts';
import { Database } from '../platform/database/database.ts';
import { DATABASE_ROLES } from '../platform/database/tenant-table.ts';
import { type Chore, Housekeeping } from '../platform/housekeeping.ts';
import { SCHEDULE_CONCURRENCY } from '../reports/schedule-handler.ts';
import { RatingHandler } from '../usage/rerating.ts';
import { OutdatedLists, UsageUpkeep } from '../usage/service.ts';
import { bundleWorkflows, WorkflowWorker } from '../platform/temporal/workflow-worker.ts';
import { composeArchiving } from './archiving.ts';
import { composeExportMaking } from './audit.ts';
import { composeEnforcement } from './enforcement.ts';
import { composeFollowers } from './followers.ts';
import { composeReports } from './reports.ts';
import type { Core } from './core.ts';
import { OutboxByType } from './outbox-by-type.ts';
import { composeSealing } from './sealing.ts';

const WORKFLOW_CONCURRENCY = 8;

export interface WorkerChoices {
  /** Without it nothing of the audit log is proven: for a Temporal whose time does not pass while an activity runs. */
  readonly sealing?: boolean;
}

/** The worker process: workflows and activities, and the relay that carries out what the outbox holds. */
export async function composeWorker(core: Core, choices: WorkerChoices = {}) {
  const { surroundings, config, logger, clock, metrics, tracing, master, database, approvals } = core;
  const plugins = tracing ? [tracing.plugin] : [];
  const claimsDatabase = Database.open({
    url: surroundings.databaseUrl,
    role: DATABASE_ROLES.relay,
    entities,
    poolSize: 2,
    logger,
  });
  const reports = composeReports(core);
  const lists = new OutdatedLists({ database, logger, clock, onLook: metrics.priceListsOutdated });
  const relay = composeRelay(core, claimsDatabase, lists, reports.handler);
  const audit = composeSealing(core);
  const exports = composeExportMaking(core, audit.database);
  const bundle = (tracing ? null : surroundings.workflowBundle) ?? (await bundleWorkflows(logger, plugins));
  const archives = composeArchiving(core, audit.database);
  const followers = await composeFollowers(core, audit.database);
  const worker = await WorkflowWorker.start({
    address: surroundings.temporalAddress,
    namespace: config.temporal.namespace,
    security: config.temporal.security,
    taskQueue: config.temporal.taskQueue,
    payloadKey: master.payloads,
    activities: createActivities({
      approvals: approvals.execution,
      audit: { sealing: audit.sealing, shards: config.auditShards },
      exports,
      archiving: archives?.archiving ?? null,
      budgets: composeEnforcement(core),
      reports: reports.reporting,
      logger,
    }),
    bundle,
    plugins,
  });
  const usageUpkeep = new UsageUpkeep({ database, logger, onStray: metrics.strayUsageLines });
  const housekeeping = new Housekeeping({
    database,
    logger,
    chores: new Map<string, Chore>([
      ['make the partitions of the ledger', () => usageUpkeep.makePartitions()],
      ['adopt the price catalogue', () => lists.adopt()],
      ['forget the ids of old usage events', (signal) => usageUpkeep.forgetIds(signal)],
    ]),
  });
  const sweeper = new ReservationSweeper({ database, keeper: core.budgets.keeper, clock, logger });
  relay.start();
  housekeeping.start();
  sweeper.start();
  reports.keeper.start();
  followers.start();
  if (choices.sealing !== false) {
    audit.starter.start();
    archives?.starter.start();
  }
  const stop = async (deadlineMs: number) => {
    audit.sealing.stop();
    exports.stop();
    archives?.archiving.stop();
    await Promise.all([
      worker.stop(),
      relay.stop(deadlineMs),
      followers.stop(),
      housekeeping.stop(),
      sweeper.stop(),
      reports.keeper.stop(),
      audit.starter.stop(),
      archives?.starter.stop(),
    ]);
    await Promise.all([claimsDatabase.close(), audit.close()]);
  };
  return { worker, relay, stop };
}

function composeRelay(
  { surroundings, config, logger, clock, metrics, notifier, work, temporal, approvals, usage }: Core,
  claimsDatabase: Database,
  lists: OutdatedLists,
  reportSchedules: OutboxHandler,
): OutboxRelay {
  const guard = new AddressGuard({ allowPrivate: config.webhookAllowPrivateAddresses });
  const mail = new MailHandler({ smtpUrl: surroundings.smtpUrl, from: config.mailFrom, publicUrl: config.publicUrl });
  const webhook = new WebhookHandler({ work, guard, clock });
  const workflow = new WorkflowHandler({
    work,
    commands: approvals.commands,
    execution: approvals.execution,
    workflows: approvals.workflows,
    people: new PeopleChanges({ work, announcer: approvals.announcer }),
  });
  const workflows = new OutboxByType(
    { 'audit-export': new ExportWorkflows(temporal, config.temporal.taskQueue) },
    workflow,
  );
  return new OutboxRelay({
    claimsDatabase,
    work,
    notifier,
    clock,
    logger,
    metrics: metrics.relay,
    lanes: new Map([
      [
        'mail',
        {
          handler: mail,
          concurrency: MAIL_CONCURRENCY,
          retryForMs: MAIL_RETRY_FOR_MS,
          hooks: mailHooks({ work, announcer: approvals.announcer }),
        },
      ],
      ['webhook', { handler: webhook, concurrency: WEBHOOK_CONCURRENCY, retryForMs: WEBHOOK_RETRY_FOR_MS }],
      [
        'rating',
        {
          handler: new RatingHandler({
            work,
            catalogue: usage.catalogue,
            sink: usage.sink,
            onOutdated: (isOutdated) => lists.look(isOutdated),
          }),
          concurrency: 1,
          retryForMs: null,
        },
      ],
      ['workflow', { handler: workflows, concurrency: WORKFLOW_CONCURRENCY, retryForMs: null }],
      ['report', { handler: reportSchedules, concurrency: SCHEDULE_CONCURRENCY, retryForMs: null }],
      [
        'budget',
        {
          handler: new BudgetWorkflows({ work, temporal, taskQueue: config.temporal.taskQueue, clock }),
          concurrency: BUDGET_CONCURRENCY,
          retryForMs: null,
        },
      ],
    ]),
  });
}
