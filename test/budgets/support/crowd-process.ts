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
        expiresAt: new Date(at.getTime() + plan.ttlMs),
      },
    );
    if (outcome !== 'held' || random.chance(0.2)) continue; // one in five goes away with its hold
    if (random.chance(0.2)) {
      await store.release(world.organization, id, new Date());
      continue;
    }
    const cost = (Number(amount) * random.next()).toFixed(4);
    const settle = () =>
      database.fork(world.organization).transactional((em) =>
        store.settle(
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
        ),
      );
    await Promise.all(random.chance(0.3) ? [settle(), settle()] : [settle()]);
  }
}

process.stdout.write('begun\n');
await Promise.all(Array.from({ length: plan.clients }, (_, index) => client(plan.seed * 1_000 + index)));
await database.close();
process.stdout.write('done\n');
