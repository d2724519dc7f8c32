import { fileURLToPath } from 'node:url';
import type { Progress } from '../../../src/platform/embedded/progress.ts';
import { ApiClient } from '../api-client.ts';
import { ApprovalLoad } from '../approval-load.ts';
import { type Comparison, compare } from '../comparison.ts';
import { inParallel, timed } from '../concurrency.ts';
import { DatabaseView } from '../database-view.ts';
import { type MadeOrganization, makeOrganization } from '../organization.ts';
import { startProduct } from '../product.ts';
import { type Random, seededRandom } from '../random.ts';
import type { Round } from '../round.ts';
import { startServices } from '../services.ts';

const TEAMS = 16;
const DRAINED_WITHIN_MS = 300_000;
const WITHOUT_AUDIT = ['--import', fileURLToPath(new URL('../../without-audit/register.ts', import.meta.url))];

export interface RequestsPlan {
  readonly writers: readonly number[];
  readonly rounds: number;
  /** For each number of writers, over all rounds. */
  readonly requests: number;
  readonly seed: number;
  readonly progress: Progress;
  readonly onCompared: (request: string, comparison: Comparison) => void;
}

/** An installation of its own that requests are sent to. */
interface Side {
  readonly isAudited: boolean;
  readonly api: ApiClient;
  readonly ownerKey: string;
  readonly organization: MadeOrganization;
  readonly load: ApprovalLoad;
  readonly random: Random;
  readonly database: DatabaseView;
}

type RequestOf = (side: Side) => Promise<unknown>;

/** Whole requests, each of which writes an entry. */
const REQUESTS: Readonly<Record<string, RequestOf>> = {
  'creating an approval': ({ load, organization, random }) => load.create(random.pick(organization.requesters)),
  'changing billing settings': ({ api, ownerKey, random }) =>
    api.need('PUT', `/api/v1/teams/team-${random.int(0, TEAMS - 1)}/billing/settings`, {
      key: ownerKey,
      body: {
        approval_hierarchy: [
          { role: 'manager', threshold: 500 },
          { role: 'director', threshold: random.int(5_000, 6_000) },
        ],
      },
    }),
};

/** The same requests with the audit log and without it: two installations side by side, asked in turns. */
export async function compareRequests({
  writers,
  rounds,
  requests,
  seed,
  progress,
  onCompared,
}: RequestsPlan): Promise<void> {
  const running: (() => Promise<void>)[] = [];
  try {
    const connections = Math.max(...writers);
    const audited = await startSide({ isAudited: true, connections, seed, progress, running });
    const bare = await startSide({ isAudited: false, connections, seed, progress, running });
    await mustDiffer(audited, bare);
    const perRound = Math.ceil(requests / rounds);
    for (const request of Object.values(REQUESTS))
      for (const side of [bare, audited]) await carryOut(side, request, perRound, 16);
    for (const [name, request] of Object.entries(REQUESTS)) {
      for (const clients of writers) {
        onCompared(
          name,
          await compare({
            rounds,
            clients,
            between: async () => undefined,
            floor: () => carryOut(bare, request, perRound, clients),
            product: () => carryOut(audited, request, perRound, clients),
          }),
        );
      }
    }
  } finally {
    for (const stop of running.toReversed()) await stop();
  }
}

interface SideOptions {
  readonly isAudited: boolean;
  readonly connections: number;
  readonly seed: number;
  readonly progress: Progress;
  /** Takes what stops each part, in the order in which they were started. */
  readonly running: (() => Promise<void>)[];
}

async function startSide({ isAudited, connections, seed, progress, running }: SideOptions): Promise<Side> {
  const services = await startServices({
    progress: (line) => progress(`[${isAudited ? 'with the log' : 'without it'}] ${line}`),
  });
  running.push(() => services.stop());
  const product = await startProduct(services, isAudited ? [] : WITHOUT_AUDIT);
  running.push(() => product.stop());
  const database = await DatabaseView.open(services.adminUrl);
  running.push(() => database.close());
  const api = new ApiClient(services.baseUrl, connections);
  running.push(() => api.close());
  const organization = await makeOrganization(api, services.ownerKey, TEAMS);
  const random = seededRandom(seed);
  return {
    isAudited,
    api,
    ownerKey: services.ownerKey,
    organization,
    random,
    database,
    load: new ApprovalLoad({ api, organization, random, withKeys: true }),
  };
}

/** A comparison of two that do the same would look splendid. */
async function mustDiffer(audited: Side, bare: Side): Promise<void> {
  const countOf = ({ database }: Side) =>
    database.number("select count(*) from countersign.audit_entries where action = 'team.made'");
  const [written, unwritten] = [await countOf(audited), await countOf(bare)];
  if (written !== TEAMS || unwritten !== 0)
    throw new Error(
      `${written} teams are in the log of the one and ${unwritten} in that of the other, of ${TEAMS} and 0`,
    );
}

/** One round. What it leaves to do (mails, workflows, sealing) is done before the other side's turn. */
async function carryOut(side: Side, request: RequestOf, count: number, clients: number): Promise<Round> {
  const took: number[] = [];
  const { ms } = await timed(() =>
    inParallel(count, clients, async () => void took.push((await timed(() => request(side))).ms)),
  );
  await side.database.untilOutboxEmpty(DRAINED_WITHIN_MS);
  if (side.isAudited) await side.database.untilSealed(DRAINED_WITHIN_MS);
  return { perSecond: count / (ms / 1000), decisions: took };
}
