/**
 * `npm run bench:budgets`: reservations against a bare function that locks the same rows, and a budget of the whole
 * organization whose parts are leased to a hundred teams against its one row; then what budgets promise, under a crowd in
 * several processes and in random histories. Figures are of this machine and this minute: both sides are measured in turns. Exits
 * with 1 where a promise is broken.
 */
import { type BudgetDatabase, startBudgetDatabase } from './support/budget-database.ts';
import { compareHistories, watchCrowd } from './support/budget-promises.ts';
import { measureReservations } from './support/budget-speed.ts';
import { describeMachine } from './support/machine.ts';
import { readOptions, wholeNumber } from './support/options.ts';

const HISTORIES_AT_ONCE = 8;

const values = readOptions(
  {
    only: { type: 'string' },
    reservations: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string' },
    pace: { type: 'string' },
    seconds: { type: 'string' },
    crowd: { type: 'string' },
    histories: { type: 'string' },
    quick: { type: 'boolean' },
  },
  {
    usage: 'npm run bench:budgets -- [options]',
    options: [
      ['--only PART', 'one of speed, crowd, histories'],
      ['--reservations N', 'reservations in each round (10000; 1000 with --quick)'],
      ['--clients N', 'how many at a time, each with a connection (16)'],
      ['--rounds N', 'rounds of each, in turns (5; 2 with --quick)'],
      ['--pace N', 'reservations a second for the latency (500)'],
      ['--seconds N', 'for so long (20; 3 with --quick)'],
      ['--crowd N', 'clients of the crowd, in four processes (1000; 48 with --quick)'],
      ['--histories N', 'random histories (10000; 400 with --quick)'],
      ['--quick', 'a short run, to see that it works'],
    ],
  },
);
const quick = values.quick ?? false;
const clients = wholeNumber('clients', values.clients, 16);
const speed = {
  reservations: wholeNumber('reservations', values.reservations, quick ? 1_000 : 10_000),
  clients,
  rounds: wholeNumber('rounds', values.rounds, quick ? 2 : 5),
  pace: wholeNumber('pace', values.pace, 500),
  seconds: wholeNumber('seconds', values.seconds, quick ? 3 : 20),
};
const crowd = { clients: wholeNumber('crowd', values.crowd, quick ? 48 : 1_000), rounds: 4 };
const histories = {
  count: wholeNumber('histories', values.histories, quick ? 400 : 10_000),
  atOnce: HISTORIES_AT_ONCE,
};

const say = (line: string) => void process.stdout.write(`${line}\n`);
const PARTS: Readonly<Record<string, (ledger: BudgetDatabase) => Promise<void>>> = {
  speed: (ledger) => measureReservations(ledger, speed, say),
  crowd: async (ledger) => {
    if (!(await watchCrowd(ledger, crowd, say))) process.exitCode = 1;
  },
  histories: (ledger) => compareHistories(ledger, histories, say),
};
if (values.only !== undefined && !(values.only in PARTS)) {
  process.stderr.write(`--only must be one of ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}

say(describeMachine());
const ledger = await startBudgetDatabase(say, Math.max(clients, HISTORIES_AT_ONCE));
try {
  for (const [name, part] of Object.entries(PARTS))
    if (values.only === undefined || values.only === name) await part(ledger);
} finally {
  await ledger.stop();
}
