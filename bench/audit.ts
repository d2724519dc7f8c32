/**
 * `npm run bench:audit`: what the audit log costs requests, how fast it is sealed, verified and proven, whether anything can be
 * changed unnoticed, and whether anything is found that nobody changed. Exits with 1 where tampering was missed or invented.
 */
import { verifyLargeBundle } from './support/audit/bundle-file.ts';
import { type LogPlace, startLogPlace } from './support/audit/log-place.ts';
import { compareRequests } from './support/audit/requests.ts';
import { measureSealing } from './support/audit/sealing.ts';
import { tamperWithBundles, tamperWithNotes } from './support/audit/tamper-files.ts';
import type { Matrix } from './support/audit/tamper-matrix.ts';
import { tamperWithTables } from './support/audit/tamper-tables.ts';
import { checkUntouched, measureProofs, writeLog } from './support/audit/whole-log.ts';
import type { Comparison } from './support/comparison.ts';
import { describeMachine } from './support/machine.ts';
import { readOptions, wholeNumber } from './support/options.ts';
import { seededRandom } from './support/random.ts';

const CONNECTIONS = 64;
const PROOFS = 1_000;

const values = readOptions(
  {
    only: { type: 'string' },
    requests: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    entries: { type: 'string' },
    rows: { type: 'string' },
    mutations: { type: 'string' },
    tables: { type: 'string' },
    seed: { type: 'string' },
    quick: { type: 'boolean' },
  },
  {
    usage: 'npm run bench:audit -- [options]',
    options: [
      ['--only PART', 'one of requests, sealing, bundle, log, tampering'],
      ['--requests N', 'requests of each kind for each number of writers (4000; 400 with --quick)'],
      ['--rounds N', 'into how many rounds they are divided, with the log and without it in turns (8; 2 with --quick)'],
      ['--seconds N', 'how long entries are written while they are sealed (60; 10 with --quick)'],
      ['--entries N', 'entries of the bundle that is verified (1000000; 50000 with --quick)'],
      ['--rows N', 'entries that 64 writers write, without a false alarm (1000000; 20000 with --quick)'],
      ['--mutations N', 'mutations of bundles, checkpoints and proofs (10000; 2000 with --quick)'],
      ['--tables N', 'mutations of tables (2000; 200 with --quick)'],
      ['--seed N', 'every random choice follows from it (1)'],
      ['--quick', 'a short run, to see that it works'],
    ],
  },
);
const quick = values.quick ?? false;
const seed = wholeNumber('seed', values.seed, 1, 0);
const size = (
  name: 'requests' | 'rounds' | 'seconds' | 'entries' | 'rows' | 'mutations' | 'tables',
  full: number,
  short: number,
) => wholeNumber(name, values[name], quick ? short : full);
const plan = {
  requests: size('requests', 4_000, 400),
  rounds: size('rounds', 8, 2),
  seconds: size('seconds', 60, 10),
  entries: size('entries', 1_000_000, 50_000),
  rows: size('rows', 1_000_000, 20_000),
  mutations: size('mutations', 10_000, 2_000),
  tables: size('tables', 2_000, 200),
};
const say = (line: string) => void process.stdout.write(`${line}\n`);
const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  requests,
  sealing,
  bundle,
  log: () => withPlace(log),
  tampering: () => withPlace(tampering),
};
if (values.only !== undefined && !(values.only in PARTS)) {
  process.stderr.write(`--only must be one of ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}

say(`seed ${seed}${quick ? ', a short run' : ''}`);
say(describeMachine());
for (const [name, part] of Object.entries(PARTS)) if (values.only === undefined || values.only === name) await part();

async function requests(): Promise<void> {
  say('\nrequests a second, with the audit log and without it (ratio: goal >= 0.8)');
  await compareRequests({
    writers: [16, 48],
    rounds: plan.rounds,
    requests: plan.requests,
    seed,
    progress: say,
    onCompared: sayComparison,
  });
}

function sayComparison(request: string, { clients, product, floor, ratio }: Comparison): void {
  const figures = ({ perSecond, p50, p99 }: Comparison['floor']) =>
    `${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  say(
    `  ${request}, ${clients} writers: with ${figures(product)}; without ${figures(floor)}; ratio ${ratio.perSecond.toFixed(2)}`,
  );
}

async function sealing(): Promise<void> {
  say(`\nsealing of one organization’s log, ${plan.seconds} s each (goal: 5000 entries/s, merge delay p99 < 2000 ms)`);
  await measureSealing({
    seconds: plan.seconds,
    rates: [1_000, 5_000, null],
    progress: say,
    onMeasured(rate, { writtenPerSecond, sealedPerSecond, sealedPerSecondInAll, delay }) {
      const per = (figure: number) => `${figure.toFixed(0)}/s`;
      say(
        `  ${rate === null ? 'as many as can be written' : `${rate} entries/s`}: written ${per(writtenPerSecond)}, sealed meanwhile ${per(sealedPerSecond)}, until all were sealed ${per(sealedPerSecondInAll)}; merge delay p50 ${delay.p50.toFixed(0)} ms, p99 ${delay.p99.toFixed(0)} ms`,
      );
    },
  });
}

async function bundle(): Promise<void> {
  const { seconds, idleMegabytes, peakMegabytes, bytes, writtenInS } = await verifyLargeBundle(plan.entries, seed);
  say(`\na bundle of ${plan.entries} entries, ${(bytes / 1e6).toFixed(0)} MB, written in ${writtenInS.toFixed(1)} s`);
  say(
    `  verified in ${seconds.toFixed(1)} s (goal for 1,000,000: < 15 s), ${(plan.entries / seconds).toFixed(0)} entries/s; memory ${peakMegabytes.toFixed(0)} MB at most, ${idleMegabytes.toFixed(0)} MB before`,
  );
}

async function log(place: LogPlace): Promise<void> {
  const written = await writeLog(place, plan.rows, seededRandom(seed));
  say(`\n${written.entries} entries by ${CONNECTIONS} writers, sealed meanwhile: ${written.perSecond.toFixed(0)}/s`);
  const { findings, checkedInS, verdict } = await checkUntouched(place, written);
  say(
    `  false alarms: ${findings.length} (goal: 0) of the check, ${checkedInS.toFixed(1)} s; a bundle of all of them is ${verdict}`,
  );
  for (const { seq, what } of findings.slice(0, 10)) say(`    ${seq ?? ''} ${what}`);
  if (findings.length > 0 || verdict !== 'valid') process.exitCode = 1;
  const { ms, largestBytes } = await measureProofs(place, written, PROOFS, seededRandom(seed + 1));
  say(
    `  one inclusion proof out of the database: p50 ${ms.p50.toFixed(1)} ms, p99 ${ms.p99.toFixed(1)} ms (goal: < 5 ms), at most ${largestBytes} bytes with its checkpoint (goal: < 2000)`,
  );
}

async function tampering(place: LogPlace): Promise<void> {
  say('\ntampering (goal: none undetected)');
  const notes = Math.ceil(plan.mutations / 5);
  sayMatrix('bundles', await tamperWithBundles(plan.mutations - notes, seededRandom(seed), seed));
  sayMatrix('checkpoints and proofs', await tamperWithNotes(notes, seededRandom(seed), seed));
  sayMatrix('tables', await tamperWithTables(place, plan.tables, seededRandom(seed)));
}

function sayMatrix(what: string, { tried, kinds, undetected }: Matrix): void {
  say(`  ${what}: ${tried} mutations of ${kinds.size} kinds, ${undetected.length} undetected`);
  for (const mutation of undetected.slice(0, 20)) say(`    undetected: ${mutation}`);
  if (undetected.length > 0) process.exitCode = 1;
}

async function withPlace(part: (place: LogPlace) => Promise<void>): Promise<void> {
  const place = await startLogPlace(say, CONNECTIONS);
  try {
    await part(place);
  } finally {
    await place.stop();
  }
}
