/**
 * `npm run bench:budgets`: reservations against a bare function that locks the same rows, and a budget of the whole
 * organization whose parts are leased to a hundred teams against its one row. Figures are of this machine and this minute:
 * both sides are measured in turns.
 */
import { compare, type Comparison } from './support/comparison.ts';
import { makeBudgetWorld } from './support/budget-world.ts';
import { startBudgetDatabase } from './support/budget-database.ts';
import { describeMachine } from './support/machine.ts';
import { readOptions, wholeNumber } from './support/options.ts';
import { ReservationLoad } from './support/reservation-load.ts';
import { percentile } from './support/statistics.ts';

const LEVELS = 4;
const TEAMS = 100;
const LIMIT = 100_000_000;

const values = readOptions(
  {
    reservations: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string' },
    pace: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean' },
  },
  {
    usage: 'npm run bench:budgets -- [options]',
    options: [
      ['--reservations N', 'reservations in each round (10000; 1000 with --quick)'],
      ['--clients N', 'how many at a time, each with a connection (16)'],
      ['--rounds N', 'rounds of each, in turns (5; 2 with --quick)'],
      ['--pace N', 'reservations a second for the latency (500)'],
      ['--seconds N', 'for so long (20; 3 with --quick)'],
      ['--quick', 'a short run, to see that it works'],
    ],
  },
);
const quick = values.quick ?? false;
const reservations = wholeNumber('reservations', values.reservations, quick ? 1_000 : 10_000);
const clients = wholeNumber('clients', values.clients, 16);
const rounds = wholeNumber('rounds', values.rounds, quick ? 2 : 5);
const pace = wholeNumber('pace', values.pace, 500);
const seconds = wholeNumber('seconds', values.seconds, quick ? 3 : 20);

const say = (line: string) => void process.stdout.write(`${line}\n`);
say(describeMachine());
const ledger = await startBudgetDatabase(say, clients);
const { adminUrl, database } = ledger;
try {
  const load = new ReservationLoad(database, clients);
  const noRest = () => Promise.resolve();
  const base = { teams: TEAMS, shared: 0, own: 0, escrow: false, limit: LIMIT };
  const tree = await makeBudgetWorld(adminUrl, { ...base, teams: 1, shared: LEVELS });
  const trees = await makeBudgetWorld(adminUrl, { ...base, own: LEVELS });
  const oneRow = await makeBudgetWorld(adminUrl, { ...base, shared: 1 });
  const leased = await makeBudgetWorld(adminUrl, { ...base, shared: 1, escrow: true });
  for (const world of [tree, trees, oneRow, leased]) await load.reservations(world, Math.min(reservations, 1_000));

  report(
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
} finally {
  await ledger.stop();
}

function report(what: string, goal: string, { product, floor, ratio }: Comparison): void {
  const row = (name: string, figures: { perSecond: number; p50: number; p99: number }) =>
    say(
      `  ${name.padEnd(14)} ${figures.perSecond.toFixed(0).padStart(8)} ${figures.p50.toFixed(2).padStart(9)} ${figures.p99.toFixed(2).padStart(9)}`,
    );
  say(`\n${what}, ${clients} at a time\n                 per second  p50 (ms)  p99 (ms)`);
  row('floor', floor);
  row('reservations', product);
  say(`  ratio ${ratio.perSecond.toFixed(2)} (goal ${goal})`);
}
