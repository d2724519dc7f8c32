/**
 * `npm run test:crash -- --seed S --kills 50 --approvals 200`: kills API, worker, Temporal and PostgreSQL under requests in
 * flight. Ends with 0 where every promise was kept, and with 1 where one was broken.
 */
import { randomInt } from 'node:crypto';
import { readOptions, wholeNumber } from '../../bench/support/options.ts';
import { crashRun } from './crash-run.ts';

const SHOWN_AT_MOST = 20;

const values = readOptions(
  { seed: { type: 'string' }, kills: { type: 'string' }, approvals: { type: 'string' } },
  {
    usage: 'npm run test:crash -- [options]',
    options: [
      ['--seed N', 'what happens when and to whom (a random one, which is printed)'],
      ['--kills N', 'how often something is killed (50)'],
      ['--approvals N', 'how many requests are in flight meanwhile (200)'],
    ],
  },
);
const seed = wholeNumber('seed', values.seed, randomInt(1, 1_000_000), 0);
const kills = wholeNumber('kills', values.kills, 50);
const approvals = wholeNumber('approvals', values.approvals, 200);

const began = performance.now();
const say = (line: string) => void process.stdout.write(`${line}\n`);
const sayWhen = (line: string) => say(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
say(`seed ${seed}, ${kills} kills, ${approvals} requests`);
const { checks, figures, lastWords } = await crashRun({
  seed,
  kills,
  approvals,
  progress: sayWhen,
  settleWithinMs: 180_000,
});
say('');
for (const [name, value] of Object.entries(figures)) say(`${name}: ${value}`);
say('');
for (const { promise, violations } of checks) {
  say(`${violations.length === 0 ? 'kept  ' : 'BROKEN'} ${promise}`);
  for (const violation of violations.slice(0, SHOWN_AT_MOST)) say(`         ${violation}`);
  if (violations.length > SHOWN_AT_MOST) say(`         and ${violations.length - SHOWN_AT_MOST} more`);
}
const broken = checks.some(({ violations }) => violations.length > 0);
if (broken) say(`\n${lastWords}`);
process.exitCode = broken ? 1 : 0;
