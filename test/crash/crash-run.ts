import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { z } from 'zod';
import { type Random, seededRandom } from '../../bench/support/random.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { type Check, checkEverything } from './checks.ts';
import { gatherEvidence } from './evidence.ts';
import { type Installation, startInstallation } from './installation.ts';
import { killRepeatedly } from './killer.ts';
import { Ledger } from './ledger.ts';
import { PersistentClient } from './persistent-client.ts';
import { type Cast, makePlans, type Plan } from './plan.ts';
import { play, type Stage } from './scenario.ts';

export interface CrashRunOptions {
  readonly seed: number;
  readonly kills: number;
  readonly approvals: number;
  readonly progress: Progress;
  /** How long after the last kill everything may take to come to rest, in milliseconds. */
  readonly settleWithinMs: number;
}

export interface CrashReport {
  readonly checks: readonly Check[];
  readonly figures: Readonly<Record<string, number | string>>;
  /** What the product logged last; of interest where a promise was broken. */
  readonly lastWords: string;
}

const TEAM = 'crash';
const CAST: Cast = {
  requesters: ['requester-1', 'requester-2', 'requester-3', 'requester-4'],
  approvers: [
    'approver-1',
    'approver-2',
    'approver-3',
    'approver-4',
    'approver-5',
    'approver-6',
    'approver-7',
    'approver-8',
  ],
  directors: ['director-1', 'director-2'],
};
const LOOK_AGAIN_MS = 250;

/** Kills processes under requests in flight, lets everything come to rest, and looks at what has become of it. */
export async function crashRun({
  seed,
  kills,
  approvals,
  progress,
  settleWithinMs,
}: CrashRunOptions): Promise<CrashReport> {
  const random = seededRandom(seed);
  const plans = makePlans(approvals, CAST, random);
  const installation = await startInstallation(progress);
  const client = new PersistentClient(installation.baseUrl);
  const ledger = new Ledger();
  try {
    const stage = await prepare(installation, client, ledger);
    const played: Promise<void>[] = [];
    const counts = await killRepeatedly({
      kills,
      victims: installation.victims,
      random,
      untilUsable: () => installation.untilUsable(),
      onKill: (index, name) => {
        progress(
          `kill ${index + 1} of ${kills}: ${name}; ${ledger.requests.size} requests made, ${ledger.acknowledged.length} decisions acknowledged`,
        );
        played.push(...plansOf(index, kills, plans).map(async (plan) => playLater(stage, plan, random)));
      },
    });
    const lastKill = performance.now();
    const rested = await untilAtRest(Promise.all(played), installation.adminUrl, settleWithinMs);
    const settledMs = performance.now() - lastKill;
    progress(`at rest ${(settledMs / 1000).toFixed(1)} s after the last kill${rested ? '' : ' (not quite)'}`);
    const { api, worker } = installation.victims;
    const evidence = await gatherEvidence({
      ledger,
      mails: installation.mails,
      client,
      serviceKey: stage.serviceKey,
      adminUrl: installation.adminUrl,
      workerDeaths: worker.deaths,
    });
    const checks = [
      ...checkEverything(evidence),
      { promise: 'no answer was an error of ours', violations: client.unexpected },
    ];
    return { checks, figures: figuresOf(), lastWords: await installation.lastWords() };

    function figuresOf(): CrashReport['figures'] {
      const copies = evidence.mails.length - new Set(evidence.mails.map(({ messageId }) => messageId)).size;
      return {
        seed,
        kills: describe(counts),
        'ended by themselves': `api ${api.endedByItself}, worker ${worker.endedByItself}`,
        requests: ledger.requests.size,
        outcomes: describe(countBy(evidence.views.map(({ state }) => state))),
        'decisions acknowledged': ledger.acknowledged.length,
        'of these by link': ledger.acknowledged.filter(({ channel }) => channel === 'link').length,
        'decisions recorded for later': ledger.recorded.length,
        refused: describe(ledger.refused),
        'HTTP requests': client.requests,
        'of these repeated': describe(client.repeated),
        mails: evidence.mails.length,
        'copies of mails': copies,
        'seconds from the last kill to rest': Number((settledMs / 1000).toFixed(1)),
      };
    }
  } finally {
    await client.close();
    await installation.stop();
  }
}

/** Makes everybody who plays in it. */
async function prepare({ ownerKey, mails }: Installation, client: PersistentClient, ledger: Ledger): Promise<Stage> {
  const send = (method: 'POST' | 'PUT', path: string, json: object) =>
    client.json({ method, path, key: ownerKey, json }, (body) => body);
  const makeKey = async (json: object) =>
    z.object({ key: z.string() }).parse(await send('POST', '/api/v1/api-keys', json)).key;
  const addressOf = (person: string) => `${person}@crash.test`;
  await send('POST', '/api/v1/teams', { id: TEAM, name: 'Crash', currency: 'USD' });
  const keys = new Map<string, string>();
  for (const [role, people] of [
    ['member', CAST.requesters],
    ['manager', CAST.approvers],
    ['director', CAST.directors],
  ] as const) {
    for (const person of people) {
      await send('PUT', `/api/v1/teams/${TEAM}/members/${person}`, {
        name: `Name of ${person}`,
        email: addressOf(person),
        roles: [role],
      });
      keys.set(person, await makeKey({ user_id: person }));
    }
  }
  const serviceKey = await makeKey({ service_name: 'crash', scopes: ['approvals:read', 'approvals:write'] });
  return { client, mails, ledger, team: TEAM, serviceKey, keyOf: (person) => keys.get(person) ?? '', addressOf };
}

/** The plans that begin around a kill: all are spread over all kills. */
function plansOf(kill: number, kills: number, plans: readonly Plan[]): readonly Plan[] {
  return plans.slice(Math.floor((kill * plans.length) / kills), Math.floor(((kill + 1) * plans.length) / kills));
}

const LATEST_BEGIN_MS = 2_000;

async function playLater(stage: Stage, plan: Plan, random: Random): Promise<void> {
  await pause(random.int(0, LATEST_BEGIN_MS));
  await play(stage, plan);
}

/** @returns false where time is over first */
async function untilAtRest(played: Promise<unknown>, adminUrl: string, withinMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + withinMs;
  await Promise.race([played, pause(withinMs, undefined, { ref: false })]);
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    while (performance.now() < giveUpAt) {
      const { rows } = await admin.query<{
        left: number;
      }>(`select (select count(*) from countersign.outbox where failed_at is null)::int + (select count(*) from countersign.approval_intents where state = 'pending')::int
        + (select count(*) from countersign.approvals where state = 'pending')::int as left`);
      if (rows[0]?.left === 0) return true;
      await pause(LOOK_AGAIN_MS);
    }
    return false;
  } finally {
    await admin.end();
  }
}

function countBy(names: readonly string[]): Map<string, number> {
  return new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

function describe(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}
