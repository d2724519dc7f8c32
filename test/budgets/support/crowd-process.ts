/** One of the processes that reserve at the same time. It is killed at any moment, and its clients may vanish before that. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { seededRandom } from '../../../bench/support/random.ts';
import { ReservationStore } from '../../../src/budgets/reservation-store.ts';
import { entities } from '../../../src/entities.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { crowdPlanSchema } from './crowd-plan.ts';
import { placeOf, reserveIn, type World } from './ledger-world.ts';

const CONNECTIONS = 8;
const MOST = 900;
/** Of those who go away: the sweeper frees what they leave while the others go on. */
const SHORT_TTL_MS = 20;

const plan = crowdPlanSchema.parse(JSON.parse(process.argv[2] ?? ''));
const world: World = {
  organization: plan.world.organization,
  people: plan.world.people,
  paths: new Map(Object.entries(plan.world.paths)),
  budgets: [],
};
const database = Database.open({
  url: plan.url,
  role: DATABASE_ROLES.app,
  entities,
  poolSize: CONNECTIONS,
  logger: pino({ level: 'silent' }),
});
const store = new ReservationStore(database);
const teams = [...world.paths].filter(([, path]) => path.length === 3).map(([team]) => team);

async function client(seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let round = 0; round < plan.rounds; round += 1) {
    const [team, person] = [random.pick(teams), random.pick(world.people)];
    const at = new Date();
    const id = randomUUID();
    const staysAway = random.chance(0.2);
    const amount = (random.int(1, MOST) / 100).toFixed(2);
    const look = () => placeOf(database, world, { team, person, provider: null, model: null }, new Date());
    const { outcome } = await reserveIn(
      store,
      world.organization,
      { known: await look(), look },
      {
        id,
        amount,
        at,
        expiresAt: new Date(at.getTime() + (staysAway && random.chance(0.5) ? SHORT_TTL_MS : plan.ttlMs)),
      },
    );
    if (outcome !== 'held' || staysAway) continue;
    if (random.chance(0.2)) {
      await store.release(world.organization, id, new Date());
      continue;
    }
    const cost = (Number(amount) * random.next()).toFixed(4);
    const settle = (end: () => void = () => undefined) =>
      database.fork(world.organization).transactional(async (em) => {
        await store.settle(
          em,
          id,
          {
            hash: Buffer.from(id.slice(0, 16)),
            team,
            person,
            provider: 'p',
            model: 'm',
            cost,
            currency: 'USD',
            occurredAt: at,
          },
          new Date(),
        );
        end();
      });
    if (random.chance(0.2)) await undone(settle);
    await Promise.all(random.chance(0.3) ? [settle(), settle()] : [settle()]);
  }
}

/** A settlement that turns out to be none. */
async function undone(settle: (end: () => void) => Promise<void>): Promise<void> {
  const refused = new Error('this one is taken back');
  const refuse = () => {
    throw refused;
  };
  await settle(refuse).catch((error: unknown) => {
    if (error !== refused) throw error;
  });
}

process.stdout.write('begun\n');
await Promise.all(Array.from({ length: plan.clients }, (_, index) => client(plan.seed * 1_000 + index)));
await database.close();
process.stdout.write('done\n');
