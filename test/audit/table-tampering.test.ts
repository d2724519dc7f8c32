import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TABLE_MUTATIONS } from '../../bench/support/audit/table-mutations.ts';
import { sealedSize, writeJournal } from '../../bench/support/audit/journal.ts';
import { TableTampering } from '../../bench/support/audit/table-tampering.ts';
import { seededRandom } from '../../bench/support/random.ts';
import { LogCheck } from '../../src/audit/checking/log-check.ts';
import { LogKeys } from '../../src/audit/exports/log-keys.ts';
import { SigningKeys } from '../../src/audit/sealing/signing-keys.ts';
import { BareDatabase } from '../../src/platform/database/bare.ts';
import { LogWorld } from './support/log-world.ts';

/** A full tile, partial ones on two levels, and three checkpoints. */
const BATCHES = [3, 254, 10];
const MUTATIONS = 200;
/** Every one of them has the whole log checked. */
const TIMEOUT_MS = 240_000;
const SOURCE = { address: '203.0.113.7', userAgent: 'test' };

let world: LogWorld;
let check: LogCheck;
let sealer: BareDatabase;

beforeAll(async () => {
  world = await LogWorld.open();
  sealer = new BareDatabase(world.sealerDatabase);
  const keys = new LogKeys(sealer, new SigningKeys(world.master));
  check = new LogCheck({ work: world.work, archive: { read: async () => new Map() }, keys });
});

afterAll(() => world?.close());

async function sealedLog(): Promise<string> {
  const organization = await world.organization();
  await writeJournal({ admin: world.admin, work: world.work, sealer }, organization);
  for (const batch of BATCHES) {
    await world.write(organization, batch, { source: SOURCE });
    await world.sealer().seal(organization);
  }
  return organization;
}

test(
  'whatever a superuser changes in the tables at random is found, and nothing once it was taken back',
  async () => {
    const [organization, donor] = [await sealedLog(), await sealedLog()];
    await world.write(organization, 2);
    const tables = await TableTampering.begin(
      { admin: world.admin, check, work: world.work, sealer },
      { organization, donor, size: await sealedSize(world.admin, organization) },
      seededRandom(1),
    );
    expect(await tables.look()).toEqual([]);
    const kinds = new Set<string>();
    const unnoticed: string[] = [];
    for (let mutation = 0; mutation < MUTATIONS; mutation += 1) {
      const { what, findings } = await tables.once();
      kinds.add(what);
      if (findings.length === 0) unnoticed.push(`${mutation}: ${what}`);
    }
    expect(unnoticed).toEqual([]);
    expect(kinds.size).toBeGreaterThan(TABLE_MUTATIONS.length / 2);
    expect(await tables.look()).toEqual([]);
  },
  TIMEOUT_MS,
);
