/**
 * `npm run bench:waiting`: how long a list, an inbox and a decision take where many approvals wait, against where few do.
 * Both installations stand side by side and are asked in turns.
 */
import { type Crowd, startCrowd } from './support/crowd.ts';
import { describeMachine } from './support/machine.ts';
import { readOptions, wholeNumber } from './support/options.ts';
import { type Spread, spreadOf } from './support/statistics.ts';
import { WAITING_OPERATIONS, type WaitingOperation } from './support/waiting-operations.ts';

/** Into how many turns the samples are divided. */
const TURNS = 10;

const values = readOptions(
  {
    few: { type: 'string' },
    many: { type: 'string' },
    samples: { type: 'string' },
    'with-workflows': { type: 'string' },
    seed: { type: 'string' },
    quick: { type: 'boolean' },
  },
  {
    usage: 'npm run bench:waiting -- [options]',
    options: [
      ['--few N', 'waiting approvals in the one installation (1000)'],
      ['--many N', 'waiting approvals in the other one (100000; 5000 with --quick)'],
      ['--samples N', 'how often each is measured in each (400; 60 with --quick)'],
      ['--with-workflows N', 'how many have their workflow running beforehand (those that are decided)'],
      ['--seed N', 'what waits for whom (1)'],
      ['--quick', 'a short run, to see that it works'],
    ],
  },
);
const quick = values.quick ?? false;
const seed = wholeNumber('seed', values.seed, 1, 0);
const samples = wholeNumber('samples', values.samples, quick ? 60 : 400);
const sizes = {
  few: wholeNumber('few', values.few, 1_000),
  many: wholeNumber('many', values.many, quick ? 5_000 : 100_000),
};
const workflows = wholeNumber('with-workflows', values['with-workflows'], samples, 0);

const say = (line: string) => void process.stdout.write(`${line}\n`);
say(
  `seed ${seed}, ${sizes.few} and ${sizes.many} waiting approvals, ${workflows} of them with a workflow, ${samples} samples`,
);
say(describeMachine());

const crowds: Crowd[] = [];
try {
  for (const [name, size] of Object.entries(sizes))
    crowds.push(await startCrowd({ name, size, workflows: Math.min(workflows, size), seed, progress: say }));
  for (const operation of Object.values(WAITING_OPERATIONS))
    for (const crowd of crowds) await crowd.measure(operation, Math.ceil(samples / TURNS));
  say('\n                                      few: p50, p99 (ms)  many: p50, p99 (ms)    ratio (goal: <= 2)');
  for (const [name, operation] of Object.entries(WAITING_OPERATIONS)) report(name, await measureInTurns(operation));
} finally {
  for (const crowd of crowds.toReversed()) await crowd.stop();
}

/** In turns of some samples each, so that a slow minute of the machine is slow for both. */
async function measureInTurns(operation: WaitingOperation): Promise<Spread[]> {
  const took = crowds.map((): number[] => []);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [index, crowd] of crowds.entries())
      took[index]?.push(...(await crowd.measure(operation, Math.ceil(samples / TURNS))));
  }
  return took.map(spreadOf);
}

function report(name: string, [few, many]: Spread[]): void {
  if (!few || !many) return;
  const ms = (value: number) => value.toFixed(1).padStart(8);
  say(
    `${name.padEnd(38)}${ms(few.p50)} ${ms(few.p99)}   ${ms(many.p50)} ${ms(many.p99)}         p50 ${(many.p50 / few.p50).toFixed(2)}  p99 ${(many.p99 / few.p99).toFixed(2)}`,
  );
}
