import { type Amount, addAmounts, compareAmounts, exactly } from '../../platform/money.ts';
import { LATENCY_BUCKET_COUNT, latencyBucket } from './latency.ts';
import { isCall, type Line } from './lines.ts';
import { TOKEN_COLUMNS, type TokenColumn } from './token-kinds.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Midnight of every time zone falls on one of these. */
const QUARTER_MS = 900_000;

/** What lines of one team, person, provider and model in one hour, or one day of UTC, add up to. */
export interface Rollup {
  readonly team: string;
  /** The beginning of the hour or day. */
  readonly from: Date;
  readonly person: string;
  readonly provider: string;
  readonly model: string;
  readonly currency: string;
  events: number;
  failures: number;
  unpriced: number;
  readonly tokens: Record<TokenColumn, number>;
  cost: Amount;
  latencyCount: number;
  latencySum: number;
  readonly latencyBuckets: number[];
}

/** What was spent by whom on what within a quarter of an hour; negative where a price was corrected downwards. */
export interface Spend {
  readonly team: string;
  readonly person: string;
  readonly provider: string;
  readonly model: string;
  readonly currency: string;
  /**
   * The beginning of the quarter of an hour, in UTC, or of an exchange rate within it. Days of every time zone begin with a
   * quarter, so that all of it was spent in one day and at one rate.
   */
  readonly from: Date;
  readonly cost: Amount;
}

/**
 * Adds lines up by hour. The result is ordered by key: whoever locks rollups in this order cannot deadlock with somebody
 * who does the same.
 */
export function rollupsOf(lines: readonly Line[]): Rollup[] {
  const byKey = new Map<string, Rollup>();
  for (const line of lines) {
    const hour = startOf(line.occurredAt, HOUR_MS);
    const key = `${line.team}\n${hour}\n${line.person}\n${line.provider}\n${line.model}\n${line.currency}`;
    let rollup = byKey.get(key);
    if (!rollup) byKey.set(key, (rollup = emptyRollup(line, new Date(hour))));
    addLine(rollup, line);
  }
  return inKeyOrder(byKey);
}

/** Adds hours up by day of UTC, ordered by key as they are. */
export function daysOf(hours: readonly Rollup[]): Rollup[] {
  const byKey = new Map<string, Rollup>();
  for (const hour of hours) {
    const day = startOf(hour.from, DAY_MS);
    const key = `${hour.team}\n${day}\n${hour.person}\n${hour.provider}\n${hour.model}\n${hour.currency}`;
    let rollup = byKey.get(key);
    if (!rollup) byKey.set(key, (rollup = emptyRollup(hour, new Date(day))));
    addRollup(rollup, hour);
  }
  return inKeyOrder(byKey);
}

/**
 * Adds lines that have a price up by quarters of an hour; what adds up to nothing is left out. Ordered by key.
 * @param exchangeBegins of exchange rates out of the lines' currencies: lines before and after one are kept apart
 */
export function spendsOf(lines: readonly Line[], exchangeBegins: readonly Date[]): Spend[] {
  const byKey = new Map<string, Spend>();
  const begins = beginsByQuarter(exchangeBegins);
  for (const { team, person, provider, model, currency, occurredAt, cost } of lines) {
    if (cost === null) continue;
    const from = lastBegin(begins, occurredAt);
    const key = `${team}\n${from}\n${person}\n${provider}\n${model}\n${currency}`;
    const before = byKey.get(key)?.cost;
    byKey.set(key, {
      team,
      person,
      provider,
      model,
      currency,
      from: new Date(from),
      cost: before ? addAmounts(before, cost) : cost,
    });
  }
  return inKeyOrder(byKey).filter((spend) => compareAmounts(spend.cost, NOTHING) !== 0);
}

/** The beginning of the quarter of an hour that a moment lies in. */
export function quarterOf(at: Date): Date {
  return new Date(startOf(at, QUARTER_MS));
}

const NO_TOKENS = Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, 0])) as Record<TokenColumn, number>;
const NO_LATENCIES: readonly number[] = Array.from({ length: LATENCY_BUCKET_COUNT }, () => 0);
const NOTHING = exactly(0);

function emptyRollup(
  { team, person, provider, model, currency }: Pick<Line, 'team' | 'person' | 'provider' | 'model' | 'currency'>,
  from: Date,
): Rollup {
  return {
    team,
    from,
    person,
    provider,
    model,
    currency,
    events: 0,
    failures: 0,
    unpriced: 0,
    tokens: { ...NO_TOKENS },
    cost: NOTHING,
    latencyCount: 0,
    latencySum: 0,
    latencyBuckets: [...NO_LATENCIES],
  };
}

function addLine(rollup: Rollup, line: Line): void {
  if (line.kind === 'pricing') rollup.unpriced -= 1;
  if (line.cost === null) rollup.unpriced += 1;
  else rollup.cost = addAmounts(rollup.cost, line.cost);
  if (!isCall(line)) return;
  rollup.events += 1;
  if (!line.success) rollup.failures += 1;
  for (const kind of TOKEN_COLUMNS) rollup.tokens[kind] += line.tokens[kind] ?? 0;
  if (line.latencyMs === null) return;
  rollup.latencyCount += 1;
  rollup.latencySum += line.latencyMs;
  const bucket = latencyBucket(line.latencyMs);
  rollup.latencyBuckets[bucket] = (rollup.latencyBuckets[bucket] ?? 0) + 1;
}

function addRollup(sum: Rollup, { tokens, latencyBuckets, ...more }: Rollup): void {
  sum.events += more.events;
  sum.failures += more.failures;
  sum.unpriced += more.unpriced;
  for (const kind of TOKEN_COLUMNS) sum.tokens[kind] += tokens[kind];
  sum.cost = addAmounts(sum.cost, more.cost);
  sum.latencyCount += more.latencyCount;
  sum.latencySum += more.latencySum;
  for (const [bucket, count] of latencyBuckets.entries()) sum.latencyBuckets[bucket]! += count;
}

function startOf(at: Date, lengthMs: number): number {
  return Math.floor(at.getTime() / lengthMs) * lengthMs;
}

function beginsByQuarter(begins: readonly Date[]): Map<number, number[]> {
  const byQuarter = Map.groupBy(begins, (begin) => startOf(begin, QUARTER_MS));
  return new Map([...byQuarter].map(([quarter, within]) => [quarter, within.map((begin) => begin.getTime())]));
}

/** The beginning of the quarter of an hour, or of the last exchange rate that began between that and the moment. */
function lastBegin(begins: ReadonlyMap<number, readonly number[]>, at: Date): number {
  const quarter = startOf(at, QUARTER_MS);
  const before = (begins.get(quarter) ?? []).filter((begin) => begin <= at.getTime());
  return Math.max(quarter, ...before);
}

function inKeyOrder<Value>(byKey: ReadonlyMap<string, Value>): Value[] {
  return [...byKey.keys()].toSorted().map((key) => byKey.get(key)!);
}
