/**
 * `npm run bench:approvals`: two-stage approvals from creation to outcome over HTTP, against bare workflows with two Updates
 * on the same Temporal server, in turns.
 */
import { ApiClient } from './support/api-client.ts';
import { ApprovalLoad } from './support/approval-load.ts';
import { DatabaseView } from './support/database-view.ts';
import { type Comparison, compare } from './support/comparison.ts';
import { startFloor } from './floor/floor.ts';
import { countHistoryEvents } from './support/histories.ts';
import { describeMachine } from './support/machine.ts';
import { measureMemory, TELLS_ITS_HEAP } from './support/memory.ts';
import { readOptions, wholeNumber } from './support/options.ts';
import { makeOrganization } from './support/organization.ts';
import { startProduct } from './support/product.ts';
import { seededRandom } from './support/random.ts';
import { startServices } from './support/services.ts';

const TEAMS = 8;
const HISTORIES = 20;
const DRAINED_WITHIN_MS = 120_000;

const values = readOptions(
  {
    approvals: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string' },
    waiting: { type: 'string' },
    seed: { type: 'string' },
    quick: { type: 'boolean' },
    'no-keys': { type: 'boolean' },
  },
  {
    usage: 'npm run bench:approvals -- [options]',
    options: [
      ['--approvals N', 'approvals for each number of clients (2000; 200 with --quick)'],
      ['--clients N,N', 'how many clients at a time, one measurement each (16,64)'],
      ['--rounds N', 'into how many rounds they are divided, floor and product in turns (4; 2 with --quick)'],
      ['--waiting N', 'approvals left waiting to measure memory (3000; 300 with --quick)'],
      ['--no-keys', 'requests without an Idempotency-Key'],
      ['--seed N', 'what is asked for by whom (1)'],
      ['--quick', 'a short run, to see that it works'],
    ],
  },
);
const quick = values.quick ?? false;
const seed = wholeNumber('seed', values.seed, 1, 0);
const approvals = wholeNumber('approvals', values.approvals, quick ? 200 : 2_000);
const rounds = wholeNumber('rounds', values.rounds, quick ? 2 : 4);
const waiting = wholeNumber('waiting', values.waiting, quick ? 300 : 3_000);
const clientCounts = (values.clients ?? '16,64').split(',').map((text) => wholeNumber('clients', text, 16));

const say = (line: string) => void process.stdout.write(`${line}\n`);
say(
  `seed ${seed}, ${approvals} approvals for each number of clients in ${rounds} rounds, ${values['no-keys'] ? 'without' : 'with'} Idempotency-Key`,
);
say(describeMachine());

const services = await startServices({ progress: say });
try {
  const [product, floor] = [await startProduct(services, TELLS_ITS_HEAP), await startFloor(services)];
  const database = await DatabaseView.open(services.adminUrl);
  const api = new ApiClient(services.baseUrl, Math.max(...clientCounts));
  try {
    const organization = await makeOrganization(api, services.ownerKey, TEAMS);
    const load = new ApprovalLoad({ api, organization, random: seededRandom(seed), withKeys: !values['no-keys'] });
    const drained = () => database.untilOutboxEmpty(DRAINED_WITHIN_MS);
    const perRound = Math.ceil(approvals / rounds);
    const made: string[] = [];
    await floor.round(perRound, 16);
    await load.round(perRound, 16, made);
    await drained();
    for (const clients of clientCounts)
      report(
        await compare({
          rounds,
          clients,
          floor: () => floor.round(perRound, clients),
          product: () => load.round(perRound, clients, made),
          between: drained,
        }),
      );
    say(`history events per approval: ${await countHistoryEvents(services.temporal, made.slice(-HISTORIES))}`);
    const memory = await measureMemory(product, services.folder, waiting, async (count) => {
      await load.wait(count, 16);
      await drained();
    });
    for (const line of memory) say(line);
    say(`mails accepted: ${services.smtp.accepted}`);
  } finally {
    await api.close();
    await database.close();
    await floor.stop();
    await product.stop();
  }
} finally {
  await services.stop();
}

function report({ clients, product, floor, ratio }: Comparison): void {
  const ms = (value: number) => value.toFixed(1).padStart(7);
  say(`\n${clients} clients            per second   p50 (ms)   p99 (ms)`);
  say(`  floor: two Updates      ${floor.perSecond.toFixed(1).padStart(8)}    ${ms(floor.p50)}    ${ms(floor.p99)}`);
  say(
    `  product: approvals      ${product.perSecond.toFixed(1).padStart(8)}    ${ms(product.p50)}    ${ms(product.p99)}`,
  );
  say(
    `  ratio (goal)          ${ratio.perSecond.toFixed(2)} (>= 0.6)    ${ratio.p50.toFixed(2)}    ${ratio.p99.toFixed(2)} (< 3)`,
  );
}
