import type { Progress } from '../../src/platform/embedded/progress.ts';
import type { BudgetDatabase } from './budget-database.ts';
import { makeBudgetWorld } from './budget-world.ts';
import { compare, type Comparison } from './comparison.ts';
import { ReservationLoad } from './reservation-load.ts';
import { percentile } from './statistics.ts';

const LEVELS = 4;
const TEAMS = 100;
const LIMIT = 100_000_000;
const PROCESSES = 4;

export interface SpeedPlan {
  /** In each round. */
  readonly reservations: number;
  /** At a time. */
  readonly clients: number;
  readonly rounds: number;
  /** Reservations a second, for so many seconds, when the latency is measured. */
  readonly pace: number;
  readonly seconds: number;
}

/** Measures reservations against the floor, in turns, and says what came out. */
export async function measureReservations(
  ledger: BudgetDatabase,
  { reservations, clients, rounds, pace, seconds }: SpeedPlan,
  say: Progress,
): Promise<void> {
  const load = new ReservationLoad(ledger.database, clients);
  const noRest = () => Promise.resolve();
  const base = { teams: TEAMS, shared: 0, own: 0, escrow: false, limit: LIMIT };
  const tree = await makeBudgetWorld(ledger.adminUrl, { ...base, teams: 1, shared: LEVELS });
  const trees = await makeBudgetWorld(ledger.adminUrl, { ...base, own: LEVELS });
  const oneRow = await makeBudgetWorld(ledger.adminUrl, { ...base, shared: 1 });
  const leased = await makeBudgetWorld(ledger.adminUrl, { ...base, shared: 1, escrow: true });
  for (const world of [tree, trees, oneRow, leased]) await load.reservations(world, Math.min(reservations, 1_000));

  report(
    say,
    `${LEVELS} rows that everybody wants`,
    '>= 0.5',
    await compare({
      rounds,
      clients,
      floor: () => load.floor(tree, reservations),
      product: () => load.reservations(tree, reservations),
      between: noRest,
    }),
  );
  report(
    say,
    `${LEVELS} rows of each team's own`,
    '>= 0.5',
    await compare({
      rounds,
      clients,
      floor: () => load.floor(trees, reservations),
      product: () => load.reservations(trees, reservations),
      between: noRest,
    }),
  );
  report(
    say,
    `one row of ${TEAMS} teams (the floor), and leased to them`,
    '>= 3',
    await compare({
      rounds,
      clients,
      floor: () => load.floor(oneRow, reservations),
      product: () => load.reservations(leased, reservations),
      between: noRest,
    }),
  );
  report(
    say,
    `one row of ${TEAMS} teams (the floor), and leased to them, as from ${PROCESSES} processes`,
    '>= 3',
    await compare({
      rounds,
      clients,
      floor: () => load.floor(oneRow, reservations),
      product: () => load.reservations(leased, reservations, PROCESSES),
      between: noRest,
    }),
  );
  report(
    say,
    `one row of ${TEAMS} teams, not leased`,
    '>= 0.5',
    await compare({
      rounds,
      clients,
      floor: () => load.floor(oneRow, reservations),
      product: () => load.reservations(oneRow, reservations),
      between: noRest,
    }),
  );

  const took = await load.paced(trees, pace, seconds);
  const ms = (share: number) => percentile(took, share).toFixed(2);
  say(
    `\n${pace} reservations a second for ${seconds} s: p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms (goal <= 10), longest ${Math.max(...took).toFixed(1)} ms`,
  );
}

function report(say: Progress, what: string, goal: string, { product, floor, ratio, clients }: Comparison): void {
  const row = (name: string, figures: { perSecond: number; p50: number; p99: number }) =>
    say(
      `  ${name.padEnd(14)} ${figures.perSecond.toFixed(0).padStart(8)} ${figures.p50.toFixed(2).padStart(9)} ${figures.p99.toFixed(2).padStart(9)}`,
    );
  say(`\n${what}, ${clients} at a time\n                 per second  p50 (ms)  p99 (ms)`);
  row('floor', floor);
  row('reservations', product);
  say(`  ratio ${ratio.perSecond.toFixed(2)} (goal ${goal})`);
}
