import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type AuditMetrics, auditMetrics } from './audit-metrics.ts';
import { lookAt } from './look-at.ts';
import { requestHistogram } from './request-metrics.ts';
import { type UsageMetrics, usageMetrics } from './usage-metrics.ts';

/** Where the outbox relay counts. */
interface RelayCounters {
  delivered(channel: string): void;
  retried(channel: string, code: string): void;
  givenUp(channel: string, code: string): void;
  /** @param ms from the moment the attempt was due to its success */
  lag(channel: string, ms: number): void;
}

/** The connections of a pool, at this moment. */
interface PoolUse {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** Everything this process counts, as Prometheus reads it. */
export interface Metrics extends AuditMetrics, UsageMetrics {
  readonly registry: Registry;
  readonly requests: Histogram<'method' | 'route' | 'status'>;
  readonly relay: RelayCounters;
  readonly approvalDecided: (outcome: string, channel: string) => void;
  readonly answerReplayed: () => void;
  readonly usageReported: (frequency: string, outcome: string) => void;
  /** @param pool `login` of several, e.g. `app`; @param read where to look, at the time of each scrape */
  watchPool(pool: string, read: () => PoolUse | Promise<PoolUse>): void;
}

/** A registry of its own, so that several servers in one process do not count for each other. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const decisions = new Counter({
    name: 'countersign_approval_decisions_total',
    help: 'Decisions on approvals that were recorded',
    labelNames: ['outcome', 'channel'],
    registers: [registry],
  });
  const replays = new Counter({
    name: 'countersign_idempotent_replays_total',
    help: 'Answers that were given again for a repeated Idempotency-Key',
    registers: [registry],
  });
  const reports = new Counter({
    name: 'countersign_usage_reports_total',
    help: 'Attempts to make usage reports that were due, by what came of it',
    labelNames: ['frequency', 'outcome'],
    registers: [registry],
  });
  return {
    registry,
    requests: requestHistogram(registry),
    relay: relayCounters(registry),
    approvalDecided: (outcome, channel) => decisions.inc({ outcome, channel }),
    answerReplayed: () => replays.inc(),
    usageReported: (frequency, outcome) => reports.inc({ frequency, outcome }),
    ...auditMetrics(registry),
    ...usageMetrics(registry),
    watchPool: poolGauge(registry),
  };
}

function relayCounters(registry: Registry): RelayCounters {
  const registers = [registry];
  const delivered = new Counter({
    name: 'countersign_outbox_delivered_total',
    help: 'Outbox messages that arrived',
    labelNames: ['channel'],
    registers,
  });
  const retried = new Counter({
    name: 'countersign_outbox_retried_total',
    help: 'Attempts to deliver an outbox message that failed and will be repeated',
    labelNames: ['channel', 'code'],
    registers,
  });
  const givenUp = new Counter({
    name: 'countersign_outbox_given_up_total',
    help: 'Outbox messages that were given up',
    labelNames: ['channel', 'code'],
    registers,
  });
  const lag = new Histogram({
    name: 'countersign_outbox_lag_seconds',
    help: 'From the moment an outbox message was due to its arrival',
    labelNames: ['channel'],
    registers,
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600],
  });
  return {
    delivered: (channel) => delivered.inc({ channel }),
    retried: (channel, code) => retried.inc({ channel, code }),
    givenUp: (channel, code) => givenUp.inc({ channel, code }),
    lag: (channel, ms) => lag.observe({ channel }, ms / 1000),
  };
}

function poolGauge(registry: Registry): Metrics['watchPool'] {
  const pools = new Map<string, () => PoolUse | Promise<PoolUse>>();
  const gauge = new Gauge({
    name: 'countersign_database_connections',
    help: 'Connections to the database, and requests that wait for one',
    labelNames: ['pool', 'state'],
    registers: [registry],
    async collect() {
      gauge.reset();
      for (const [pool, read] of pools) {
        const use = await lookAt(read);
        if (!use) continue;
        gauge.set({ pool, state: 'in_use' }, use.totalCount - use.idleCount);
        gauge.set({ pool, state: 'idle' }, use.idleCount);
        gauge.set({ pool, state: 'waiting' }, use.waitingCount);
      }
    },
  });
  return (pool, read) => void pools.set(pool, read);
}
