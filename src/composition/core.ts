import type { WorkflowBundleOption } from '@temporalio/worker';
import type { Logger } from 'pino';
import { Announcer } from '../approvals/announce.ts';
import { ApprovalCommands } from '../approvals/commands.ts';
import { ApprovalCreation } from '../approvals/creation.ts';
import { ApprovalExecution } from '../approvals/execution.ts';
import { IntentReader } from '../approvals/intents.ts';
import { ApprovalQueries } from '../approvals/queries.ts';
import { ReasonReads } from '../approvals/reason-reads.ts';
import { ApprovalService } from '../approvals/service.ts';
import { ApprovalStarter } from '../approvals/starter.ts';
import { ApprovalViews } from '../approvals/view.ts';
import { ApprovalWorkflows } from '../approvals/workflow-gateway.ts';
import { writeAudit } from '../audit/store.ts';
import { SettingsBudgets } from '../budgets/billing-budgets.ts';
import { BudgetService } from '../budgets/budget-service.ts';
import { ExchangeRateBudgets } from '../budgets/exchange-rates.ts';
import { LedgerSpending, PriceEstimator, UsageLedger } from '../budgets/ledger-ports.ts';
import { PeriodBook } from '../budgets/period-book.ts';
import { PeriodKeeper } from '../budgets/period-keeper.ts';
import { BudgetedPlaces } from '../budgets/places.ts';
import { ReservationService } from '../budgets/reservation-service.ts';
import { ReservationStore } from '../budgets/reservation-store.ts';
import { BudgetSpendSink } from '../budgets/spend-sink.ts';
import type { Config } from '../config.ts';
import { entities } from '../entities.ts';
import { settleOutbox, writeOutbox } from '../notify/outbox.ts';
import { EventPublisher } from '../notify/service.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { MasterKey } from '../platform/crypto/master-key.ts';
import { Vault } from '../platform/crypto/vault.ts';
import { Database } from '../platform/database/database.ts';
import { Notifier } from '../platform/database/notifier.ts';
import { DATABASE_ROLES } from '../platform/database/tenant-table.ts';
import { createMetrics } from '../platform/observability/metrics.ts';
import { startTracing } from '../platform/observability/tracing.ts';
import { TemporalConnection } from '../platform/temporal/connection.ts';
import { UnitOfWork } from '../platform/unit-of-work.ts';
import { People } from '../tenancy/people.ts';
import { UsageBooking } from '../usage/booking.ts';
import { Catalogue } from '../usage/catalogue.ts';
import type { SpendSink } from '../usage/spend-sink.ts';

/** Everything a process needs to know before it can build anything; main.ts fills it in with what it has started. */
export interface Surroundings {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly smtpUrl: string;
  readonly secret: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The workflows, where they were bundled before. A worker that traces bundles them itself, with what follows a trace. */
  readonly workflowBundle?: WorkflowBundleOption;
}

/** What API and worker have in common: the database, the connection to Temporal, and the rooms that stand on them. */
export async function composeCore(surroundings: Surroundings) {
  const { config, logger, clock = systemClock } = surroundings;
  const tracing = config.traceEndpoint ? startTracing(config) : null;
  const metrics = createMetrics();
  const master = new MasterKey(surroundings.secret);
  const vault = new Vault(master);
  const database = Database.open({
    url: surroundings.databaseUrl,
    role: DATABASE_ROLES.app,
    entities,
    poolSize: config.databasePoolSize,
    logger,
  });
  metrics.watchPool('app', () => database.poolUse());
  const notifier = new Notifier({ url: surroundings.databaseUrl, logger });
  const work = new UnitOfWork({ database, vault, clock, log: { writeAudit, writeOutbox, settleOutbox }, notifier });
  const temporal = TemporalConnection.open({
    address: surroundings.temporalAddress,
    namespace: config.temporal.namespace,
    security: config.temporal.security,
    payloadKey: master.payloads,
    ...(tracing ? { plugins: [tracing.plugin] } : {}),
  });
  const people = new People(master, vault);
  const approvals = composeApprovals({ config, logger, clock, metrics, vault, notifier, work, temporal, people });
  const usage = composeUsage({ master, people });
  const budgets = composeBudgets({ logger, clock, database, master, work, people, usage });
  await notifier.start();
  const stop = async () => {
    await approvals.starter.stop();
    await notifier.stop();
    await temporal.close();
    await database.close();
    await tracing?.shutdown();
  };
  return {
    surroundings,
    config,
    logger,
    clock,
    tracing,
    metrics,
    master,
    vault,
    database,
    notifier,
    work,
    temporal,
    people,
    approvals,
    usage,
    budgets,
    stop,
  };
}

export type Core = Awaited<ReturnType<typeof composeCore>>;

function composeApprovals(
  parts: Pick<Core, 'config' | 'logger' | 'clock' | 'metrics' | 'vault' | 'notifier' | 'work' | 'temporal' | 'people'>,
) {
  const { config, logger, clock, metrics, vault, notifier, work, temporal, people } = parts;
  const webhooks = new EventPublisher({ vault, clock, changes: notifier });
  const announcer = new Announcer({ vault, people, webhooks, publicUrl: config.publicUrl });
  const execution = new ApprovalExecution({
    work,
    announcer,
    intents: new IntentReader(vault),
    onDecided: metrics.approvalDecided,
  });
  const creation = new ApprovalCreation({ work, people, execution });
  const workflows = new ApprovalWorkflows(temporal, config.temporal.taskQueue);
  const starter = new ApprovalStarter(work, workflows, logger);
  const commands = new ApprovalCommands({ work, people, creation, execution, workflows });
  const views = new ApprovalViews(vault, people);
  const queries = new ApprovalQueries({ work, views, people, clock });
  const reasonReads = new ReasonReads({ work, clock });
  const service = new ApprovalService({ commands, queries, creation, starter, notifier, work, people, reasonReads });
  return { service, reasonReads, execution, commands, queries, views, workflows, starter, announcer };
}

function composeUsage({ master, people }: { master: MasterKey; people: People }) {
  const catalogue = new Catalogue();
  const sink: SpendSink = new BudgetSpendSink();
  return { catalogue, booking: new UsageBooking({ people, catalogue, master }), sink };
}

interface BudgetFoundations {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly master: MasterKey;
  readonly work: UnitOfWork;
  readonly people: People;
  readonly usage: ReturnType<typeof composeUsage>;
}

function composeBudgets({ logger, clock, database, master, work, people, usage }: BudgetFoundations) {
  const book = new PeriodBook({ spent: new LedgerSpending() });
  const keeper = new PeriodKeeper({ work, book, logger });
  const places = new BudgetedPlaces({ work, people, keeper });
  const store = new ReservationStore(database);
  const reservations = new ReservationService({
    work,
    clock,
    master,
    store,
    places,
    ledger: new UsageLedger(usage.booking, people),
    estimator: new PriceEstimator(usage.catalogue),
  });
  return {
    book,
    keeper,
    reservations,
    service: new BudgetService({ work, people, book, clock }),
    settings: new SettingsBudgets(book),
    exchangeRates: new ExchangeRateBudgets(book),
  };
}
