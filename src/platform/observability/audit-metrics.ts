import { Gauge, Histogram, type Registry } from 'prom-client';
import { lookAt } from './look-at.ts';

/** How far a stream of the audit log is behind. */
interface StreamLag {
  /** Its id. */
  readonly stream: string;
  /** Sealed, and not delivered. */
  readonly entries: number;
  /** Age of the oldest of them; 0 where there is none. */
  readonly seconds: number;
}

/** What is counted of the audit log. What is watched is read at the time of each scrape. */
export interface AuditMetrics {
  /** @param delayMs from the moment an audit entry was written to its first checkpoint */
  readonly entrySealed: (delayMs: number) => void;
  /** @param read the age of the oldest audit entry that is not sealed, in seconds */
  watchUnsealed(read: () => Promise<number>): void;
  /** @param read the age of the oldest change of a reservation that no digest covers, in seconds */
  watchUndigested(read: () => Promise<number>): void;
  /** @param read the age of the oldest sealed audit entry that was not looked through for unusual access, in seconds */
  watchUnwatched(read: () => Promise<number>): void;
  watchStreams(read: () => Promise<readonly StreamLag[]>): void;
}

export function auditMetrics(registry: Registry): AuditMetrics {
  const delay = new Histogram({
    name: 'countersign_audit_merge_delay_seconds',
    help: 'From the moment an audit entry was written to the signature of its first checkpoint',
    registers: [registry],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 600],
  });
  return {
    entrySealed: (delayMs) => delay.observe(delayMs / 1000),
    watchUnsealed: ageGauge(
      registry,
      'countersign_audit_unsealed_oldest_seconds',
      'Age of the oldest audit entry that is not sealed',
    ),
    watchUndigested: ageGauge(
      registry,
      'countersign_audit_undigested_oldest_seconds',
      'Age of the oldest change of a reservation that no digest in the audit log covers',
    ),
    watchUnwatched: ageGauge(
      registry,
      'countersign_audit_unwatched_oldest_seconds',
      'Age of the oldest sealed audit entry that was not looked through for unusual access',
    ),
    watchStreams: streamGauges(registry),
  };
}

function ageGauge(registry: Registry, name: string, help: string): (read: () => Promise<number>) => void {
  let watched: (() => Promise<number>) | null = null;
  const gauge = new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const seconds = watched && (await lookAt(watched));
      if (seconds !== null) gauge.set(seconds);
    },
  });
  return (read) => {
    watched = read;
  };
}

function streamGauges(registry: Registry): AuditMetrics['watchStreams'] {
  let watched: (() => Promise<readonly StreamLag[]>) | null = null;
  const add = (name: string, help: string, valueOf: (lag: StreamLag) => number) => {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['stream'],
      registers: [registry],
      async collect() {
        const lags = watched && (await lookAt(watched));
        if (!lags) return;
        // A stream that was deleted is not behind any more.
        gauge.reset();
        for (const lag of lags) gauge.set({ stream: lag.stream }, valueOf(lag));
      },
    });
  };
  add(
    'countersign_audit_stream_lag_entries',
    'Audit entries that are sealed and have not been delivered to the stream',
    ({ entries }) => entries,
  );
  add(
    'countersign_audit_stream_lag_seconds',
    'Age of the oldest audit entry that is sealed and has not been delivered to the stream',
    ({ seconds }) => seconds,
  );
  return (read) => {
    watched = read;
  };
}
