/**
 * `npm run bench:usage`: usage events over HTTP, priced and rolled up, against bare multi-row inserts of as many rows with the
 * same unique key; how soon they are seen; how long a team's bill and analytics take over a large ledger.
 */
import { z } from 'zod';
import { ApiClient } from './support/api-client.ts';
import { timed } from './support/concurrency.ts';
import { type CpuSeconds, cpuPerPiece, readCpu } from './support/cpu.ts';
import { DatabaseView } from './support/database-view.ts';
import { fillLedger } from './support/ledger-filler.ts';
import { describeMachine } from './support/machine.ts';
import { readOptions, wholeNumber } from './support/options.ts';
import { seededRandom } from './support/random.ts';
import { compareRollups } from './support/rollup-comparison.ts';
import { median, spreadOf } from './support/statistics.ts';
import { makeEvents, readTokenCounts } from './support/usage-events.ts';
import { UsageFloor } from './support/usage-floor.ts';
import { UsageLoad } from './support/usage-load.ts';
import { startUsageServices } from './support/usage-services.ts';

const TEAMS = 10;
const USERS_PER_TEAM = 5;
const LOOKS = 40;

const values = readOptions(
  {
    events: { type: 'string' },
    batch: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string' },
    disorder: { type: 'string' },
    lines: { type: 'string' },
    tokens: { type: 'string' },
    seed: { type: 'string' },
    profile: { type: 'string' },
    quick: { type: 'boolean' },
  },
  {
    usage: 'npm run bench:usage -- [options]',
    options: [
      ['--events N', 'events in all (400000; 60000 with --quick)'],
      ['--batch N', 'events a request (1000)'],
      ['--clients N', 'requests at a time (8)'],
      ['--rounds N', 'into how many rounds they are divided, floor and product in turns (4; 2 with --quick)'],
      ['--disorder N', 'events that come late, in any order, some twice, untimed (600000; 20000 with --quick)'],
      ['--lines N', 'lines of the ledger under which bills and analytics are measured (10000000; 300000 with --quick)'],
      ['--tokens FILE', 'token counts of real calls: a CSV file of time, input and output tokens'],
      ['--seed N', 'who uses what (1)'],
      ['--profile FOLDER', 'a CPU profile of the API process is written there'],
      ['--quick', 'a short run, to see that it works'],
    ],
  },
);
const quick = values.quick ?? false;
const rounds = wholeNumber('rounds', values.rounds, quick ? 2 : 4);
const perBatch = wholeNumber('batch', values.batch, 1_000);
const clients = wholeNumber('clients', values.clients, 8);
const batches = Math.ceil(wholeNumber('events', values.events, quick ? 60_000 : 400_000) / rounds / perBatch);
const disorder = wholeNumber('disorder', values.disorder, quick ? 20_000 : 600_000);
const lines = wholeNumber('lines', values.lines, quick ? 300_000 : 10_000_000);
const plan = {
  random: seededRandom(wholeNumber('seed', values.seed, 1, 0)),
  teams: TEAMS,
  usersPerTeam: USERS_PER_TEAM,
  tokens: values.tokens === undefined ? null : readTokenCounts(values.tokens),
};

const say = (line: string) => void process.stdout.write(`${line}\n`);
say(
  `${rounds} rounds of ${batches} batches of ${perBatch} events, ${clients} clients; ${TEAMS} teams of ${USERS_PER_TEAM}`,
);
say(describeMachine());

const services = await startUsageServices(
  say,
  values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
);
const api = new ApiClient(services.baseUrl, 4);
const floor = await UsageFloor.open(services.adminUrl, clients);
const database = await DatabaseView.open(services.adminUrl);
try {
  const key = await makeTeams();
  const load = new UsageLoad({ baseUrl: services.baseUrl, key, connections: clients, plan });
  await load.round(clients * 4, perBatch, clients);
  await floor.round(clients * 4, perBatch, clients);
  const cpu = () => readCpu(new Map([['API', services.apiPid]]), database);
  const used: ReadonlyMap<string, number>[] = [];
  const pairs: { floor: number; product: number; requests: readonly number[] }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await floor.round(batches, perBatch, clients);
    const before: CpuSeconds = await cpu();
    const { perSecond, requests } = await load.round(batches, perBatch, clients);
    used.push(cpuPerPiece(before, await cpu(), batches));
    pairs.push({ floor: bare, product: perSecond, requests });
    say(`  round ${round + 1}: floor ${bare.toFixed(0)} rows/s, product ${perSecond.toFixed(0)} events/s`);
  }
  const requests = spreadOf(pairs.flatMap((pair) => pair.requests));
  say(`floor: multi-row inserts     ${median(pairs.map((pair) => pair.floor)).toFixed(0)} rows/s`);
  say(
    `product: events over HTTP    ${median(pairs.map((pair) => pair.product)).toFixed(0)} events/s (goal >= 20000); a request p50 ${requests.p50.toFixed(0)} ms, p99 ${requests.p99.toFixed(0)} ms`,
  );
  say(`ratio                        ${median(pairs.map((pair) => pair.product / pair.floor)).toFixed(2)}`);
  say(`processor time for a batch   ${describeCpu(used)}`);
  const { accepted, duplicates } = await load.disorder(disorder, perBatch, clients);
  say(`late and in any order        ${accepted} events, and ${duplicates} of them once more: each booked once`);
  const { rollups, wrong } = await compareRollups(database);
  say(`rollups equal the ledger:    ${wrong === 0 ? 'yes' : 'NO'}, ${wrong} of ${rollups} differ in a key or a sum`);
  if (wrong > 0) process.exitCode = 1;
  say(`visible within               ${(await untilVisible(load)).toFixed(0)} ms of being sent (goal < 2000)`);
  await fillLedger(database, lines, say);
  for (const path of ['billing', 'analytics?include=usage,models', 'analytics?include=usage,models,members']) {
    const took: number[] = [];
    const before = await cpu();
    for (let look = 0; look < LOOKS; look += 1)
      took.push(
        (await timed(() => api.need('GET', `/api/v1/teams/team-${look % TEAMS}/${path}`, { key: services.ownerKey })))
          .ms,
      );
    const { p50, p99 } = spreadOf(took);
    say(
      `${path.padEnd(40)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms with ${await database.number('select count(*) from countersign.ledger_lines')} lines (goal < 50)`,
    );
    say(`  processor time for one     ${describeCpu([cpuPerPiece(before, await cpu(), LOOKS)])}`);
  }
  await load.close();
} finally {
  await api.close();
  await floor.close();
  await database.close();
  await services.stop();
}

/** @returns a key that may report everybody's usage */
async function makeTeams(): Promise<string> {
  const need = (method: 'POST' | 'PUT', path: string, body: object) =>
    api.need(method, path, { key: services.ownerKey, body });
  for (let team = 0; team < TEAMS; team += 1) {
    await need('POST', '/api/v1/teams', { id: `team-${team}`, name: `Team ${team}` });
    for (let user = 0; user < USERS_PER_TEAM; user += 1)
      await need('PUT', `/api/v1/teams/team-${team}/members/user-${team}-${user}`, {
        name: `User ${user}`,
        email: `user-${team}-${user}@bench.test`,
        roles: ['member'],
      });
  }
  return z.object({ key: z.string() }).parse(await need('POST', '/api/v1/api-keys', { service_name: 'bench' })).key;
}

/** Milliseconds for each batch, by process: it hardly depends on what else the machine does. */
function describeCpu(perRound: readonly ReadonlyMap<string, number>[]): string {
  const names = [...new Set(perRound.flatMap((round) => [...round.keys()]))];
  const figures = names
    .map((name) => ({ name, ms: median(perRound.map((round) => round.get(name) ?? 0)) }))
    .filter(({ ms }) => ms >= 0.5);
  return figures.map(({ name, ms }) => `${name} ${ms.toFixed(1)} ms`).join(', ');
}

/** Milliseconds from sending a batch until the team’s bill shows it. */
async function untilVisible(load: UsageLoad): Promise<number> {
  const requestsOf = async () =>
    z
      .object({ billing_period: z.object({ total_requests: z.number() }) })
      .parse(await api.need('GET', '/api/v1/teams/team-0/billing', { key: services.ownerKey })).billing_period
      .total_requests;
  const before = await requestsOf();
  const body = Buffer.from(JSON.stringify({ events: makeEvents({ ...plan, teams: 1 }, perBatch, 'visible') }));
  const sent = performance.now();
  await load.send(body);
  while ((await requestsOf()) < before + perBatch)
    if (performance.now() - sent > 60_000) throw new Error('a batch is not visible after a minute');
  return performance.now() - sent;
}
