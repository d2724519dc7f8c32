import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafTextHash } from '../../src/audit/leaf.ts';
import { EMPTY_ROOT } from '../../src/audit/merkle.ts';
import { appendLeaves } from '../../src/audit/tree/tiles.ts';
import { newId } from '../../src/platform/ids.ts';
import type { Origin } from '../../src/platform/unit-of-work.ts';
import { checkLog } from './support/check-log.ts';
import { LogWorld, WHOLE } from './support/log-world.ts';

const WRITERS = 16;
const TRANSACTIONS_PER_WRITER = 12;

let world: LogWorld;

beforeAll(async () => {
  world = await LogWorld.open();
});

afterAll(() => world?.close());

/** Random, and the same for a run that is repeated. */
function randomly(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Writes one to four entries, holds them back for a while, and sometimes takes them back. @returns how many stayed */
async function writeSlowly(organization: string, random: (below: number) => number): Promise<number> {
  const count = 1 + random(4);
  const takenBack = random(5) === 0;
  const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
  try {
    await world.work.write(origin, async (tx) => {
      for (let n = 0; n < count; n += 1) tx.record({ action: 'team.made', resource: { type: 'team', id: newId() } });
      // Entries get their moment at the beginning; this is how they come to be committed in another order.
      await tx.em.execute('select pg_sleep(?)', [random(30) / 1000]);
      if (takenBack) throw new Error('taken back');
    });
    return count;
  } catch (error) {
    if (takenBack && error instanceof Error && error.message === 'taken back') return 0;
    throw error;
  }
}

/** Past triggers. */
async function asReplica(sql: string, organization: string): Promise<void> {
  await world.admin.query('set session_replication_role = replica');
  await world.admin.query(sql, [organization]);
  await world.admin.query('set session_replication_role = origin');
}

/** What somebody does who has the database and no key: changes an entry and all that follows from it, and has it signed anew. */
async function rewrite(organization: string, seq: number): Promise<void> {
  const leaves = await world.leaves(organization);
  const hashes: Uint8Array[] = leaves.map(({ hash }) => hash);
  hashes[seq] = leafTextHash('{"another":"entry"}');
  const { changed, root } = appendLeaves(0, [], hashes);
  await world.admin.query('set session_replication_role = replica');
  await world.admin.query(
    'update countersign.audit_leaves set leaf_hash = $3 where organization_id = $1 and leaf_index = $2',
    [organization, seq, hashes[seq]],
  );
  for (const { level, index, hashes: tile } of changed)
    await world.admin.query(
      'update countersign.audit_tiles set hashes = $4 where organization_id = $1 and level = $2 and tile_index = $3',
      [organization, level, index, tile],
    );
  await world.admin.query('update countersign.audit_logs set root = $2 where organization_id = $1', [
    organization,
    root,
  ]);
  await world.admin.query('delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = $2', [
    organization,
    leaves.length,
  ]);
  await world.admin.query('set session_replication_role = origin');
}

describe('sealing', () => {
  test('gives every committed entry one place, without gaps, whatever order transactions commit in and whoever else seals', async () => {
    const organization = await world.organization();
    const writing = new AbortController();
    const sealUntilDone = async () => {
      const sealer = world.sealer();
      while (!writing.signal.aborted) await sealer.round(WHOLE);
    };
    const sealers = [sealUntilDone(), sealUntilDone()];
    const written = await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const random = randomly(writer + 1);
        let kept = 0;
        for (let n = 0; n < TRANSACTIONS_PER_WRITER; n += 1) kept += await writeSlowly(organization, random);
        return kept;
      }),
    );
    writing.abort();
    await Promise.all(sealers);
    await world.sealAll();
    const { size, checkpoints } = await checkLog(world, organization);
    expect(size).toBe(written.reduce((sum, kept) => sum + kept, 0));
    expect(checkpoints).toBeGreaterThan(5);
    expect(world.logged).toEqual([]);
  });

  test('leads to the root of all leaves in their order, whatever was sealed at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }), async (batches) => {
        const organization = await world.organization();
        for (const batch of batches) {
          await world.write(organization, batch);
          await world.sealer().seal(organization);
        }
        const total = batches.reduce((sum, batch) => sum + batch, 0);
        expect(await checkLog(world, organization)).toEqual({ size: total, checkpoints: batches.length });
      }),
      { numRuns: 8 },
    );
  });

  test('takes the oldest first, and seals more than fit into one batch', async () => {
    const organization = await world.organization();
    for (let n = 0; n < 9; n += 1) await world.write(organization, 500);
    const sealer = world.sealer();
    expect(await sealer.seal(organization)).toBe(4_096);
    expect(await sealer.round(WHOLE)).toBe(false);
    expect(await checkLog(world, organization)).toEqual({ size: 4_500, checkpoints: 2 });
    const [entries, leaves] = [await world.entries(organization), await world.leaves(organization)];
    expect(leaves.map(({ entry }) => entry)).toEqual(entries.map(({ id }) => id));
  });

  test('is held up by nothing in the queue that cannot be sealed, however much that is', async () => {
    const organization = await world.organization();
    await world.admin.query(
      `insert into countersign.audit_pending (organization_id, at, entry_id) select $1, '2020-01-01', gen_random_uuid() from generate_series(1, 5000)`,
      [organization],
    );
    await world.write(organization, 3);
    expect(await world.sealer().seal(organization)).toBe(3);
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
    expect(await checkLog(world, organization)).toEqual({ size: 3, checkpoints: 1 });
  });

  test('keeps the logs of organizations apart: each has its own tree, key and origin', async () => {
    const organizations = await Promise.all(Array.from({ length: 6 }, () => world.organization()));
    await Promise.all(organizations.map((organization, index) => world.write(organization, index + 1)));
    await world.sealAll();
    for (const [index, organization] of organizations.entries())
      expect(await checkLog(world, organization)).toEqual({ size: index + 1, checkpoints: 1 });
    const keys = new Set<string | undefined>();
    for (const organization of organizations) keys.add((await world.verifierKey(organization)).split('+')[2]);
    expect(keys.size).toBe(organizations.length);
  });

  test('divides organizations among shards, each into exactly one', async () => {
    const organizations = await Promise.all(Array.from({ length: 20 }, () => world.organization()));
    await Promise.all(organizations.map((organization) => world.write(organization)));
    const sealed = async () => {
      const { rows } = await world.admin.query('select from countersign.audit_leaves where organization_id = any($1)', [
        organizations,
      ]);
      return rows.length;
    };
    let before = 0;
    for (const index of [0, 1, 2]) {
      await world.sealer().round({ index, of: 3 });
      const after = await sealed();
      expect(after).toBeGreaterThan(before);
      before = after;
    }
    expect(before).toBe(organizations.length);
  });

  test('tells how long each entry has waited', async () => {
    const organization = await world.organization();
    await world.write(organization, 3);
    await world.admin.query(
      "update countersign.audit_pending set queued_at = queued_at - interval '5 seconds' where organization_id = $1",
      [organization],
    );
    const delays: number[] = [];
    await world.sealer({ onSealed: (delay) => delays.push(delay) }).seal(organization);
    expect(delays).toHaveLength(3);
    for (const delay of delays) expect(delay).toBeGreaterThan(5_000);
    for (const delay of delays) expect(delay).toBeLessThan(15_000);
  });
});

describe('a head that was committed and not signed', () => {
  test('is signed by whoever seals next, with the same words', async () => {
    const organization = await world.organization();
    await world.write(organization, 7);
    await world.sealer().seal(organization);
    const [before] = await world.checkpoints(organization);
    await world.admin.query('set session_replication_role = replica');
    await world.admin.query('delete from countersign.audit_checkpoints where organization_id = $1', [organization]);
    await world.admin.query('set session_replication_role = origin');
    await world.sealer().recover(WHOLE);
    expect((await world.checkpoints(organization)).map(({ note }) => note)).toEqual([before?.note]);
    await world.sealer().recover(WHOLE);
    expect(await checkLog(world, organization)).toEqual({ size: 7, checkpoints: 1 });
  });
});

describe('a log that was changed past the product', () => {
  test('is not signed any further, is told of, and holds up nobody else', async () => {
    const [damaged, whole] = [await world.organization(), await world.organization()];
    await world.write(damaged, 3);
    await world.sealAll();
    await world.admin.query(`update countersign.audit_tiles set hashes = $2 where organization_id = $1`, [
      damaged,
      Buffer.concat([EMPTY_ROOT, EMPTY_ROOT, EMPTY_ROOT]),
    ]);
    await world.write(damaged);
    await world.write(whole);
    await world.sealer().round(WHOLE);
    expect((await world.leaves(damaged)).length).toBe(3);
    expect(await checkLog(world, whole)).toEqual({ size: 1, checkpoints: 1 });
    expect(world.logged.splice(0)).toMatchObject([
      { level: 50, organization: damaged, err: { message: expect.stringContaining('restore') } },
    ]);
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [damaged]);
  });

  test('in that its history was written anew: no sealer signs a second root for what the stored checkpoint holds', async () => {
    const organization = await world.organization();
    for (const batch of [3, 2]) {
      await world.write(organization, batch);
      await world.sealer().seal(organization);
    }
    await rewrite(organization, 1);
    await expect(world.sealer().seal(organization)).resolves.toBe(0);
    await world.sealer().recover(WHOLE);
    expect((await world.checkpoints(organization)).map(({ size }) => size)).toEqual([3]);
    expect(world.logged.splice(0)).toMatchObject([
      { organization, err: { message: expect.stringContaining('do not follow from the 3 that were signed before') } },
    ]);
    await world.write(organization);
    await expect(world.sealer().seal(organization)).rejects.toMatchObject({ code: 'log-forked' });
    expect((await world.leaves(organization)).length).toBe(5);
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
    await asReplica('delete from countersign.audit_logs where organization_id = $1', organization);
  });

  test('in that its history was written anew from where nothing is signed any more: who signed it remembers', async () => {
    const organization = await world.organization();
    const sealer = world.sealer();
    for (const batch of [3, 2]) {
      await world.write(organization, batch);
      await sealer.seal(organization);
    }
    await rewrite(organization, 4);
    await sealer.recover(WHOLE);
    expect((await world.checkpoints(organization)).map(({ size }) => size)).toEqual([3]);
    expect(world.logged.splice(0)).toMatchObject([
      { organization, err: { message: expect.stringContaining('two roots of 5') } },
    ]);
    await world.write(organization);
    await expect(sealer.seal(organization)).rejects.toMatchObject({ code: 'log-forked' });
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
    await asReplica('delete from countersign.audit_logs where organization_id = $1', organization);
  });

  test('in that it was set back, or begun anew: who signed more remembers', async () => {
    const organization = await world.organization();
    const sealer = world.sealer();
    await world.write(organization, 3);
    await sealer.seal(organization);
    for (const table of ['audit_leaves', 'audit_tiles', 'audit_checkpoints', 'audit_logs'])
      await asReplica(`delete from countersign.${table} where organization_id = $1`, organization);
    await world.write(organization);
    await expect(sealer.seal(organization)).rejects.toThrow('the log went back');
    expect(await world.checkpoints(organization)).toEqual([]);
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
  });

  test('in that a checkpoint was: nothing is signed after it', async () => {
    const organization = await world.organization();
    await world.write(organization, 3);
    await world.sealer().seal(organization);
    await asReplica(
      `update countersign.audit_checkpoints set note = replace(note, 'countersign', 'countersigh') where organization_id = $1`,
      organization,
    );
    await world.write(organization);
    await expect(world.sealer().seal(organization)).rejects.toMatchObject({
      code: 'log-forked',
      message: expect.stringContaining('is not the one that the log’s key has signed'),
    });
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
  });

  test('in that an entry is missing: the others are sealed, and it stays queued', async () => {
    const organization = await world.organization();
    await world.write(organization, 3);
    const [first] = await world.entries(organization);
    await world.admin.query('set session_replication_role = replica');
    await world.admin.query('delete from countersign.audit_entries where id = $1', [first?.id]);
    await world.admin.query('set session_replication_role = origin');
    expect(await world.sealer().seal(organization)).toBe(2);
    const { rows } = await world.admin.query(
      'select entry_id from countersign.audit_pending where organization_id = $1',
      [organization],
    );
    expect(rows).toEqual([{ entry_id: first?.id }]);
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
  });

  test('in that a sealed entry was queued again: it is in the log once, and the others are sealed', async () => {
    const organization = await world.organization();
    await world.write(organization, 2);
    await world.sealAll();
    const [first] = await world.entries(organization);
    await world.admin.query(
      'insert into countersign.audit_pending (organization_id, at, entry_id) select organization_id, at, id from countersign.audit_entries where id = $1',
      [first?.id],
    );
    await world.write(organization);
    expect(await world.sealer().seal(organization)).toBe(1);
    expect(await checkLog(world, organization)).toEqual({ size: 3, checkpoints: 2 });
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
  });

  test('is tried again only after a while: a log that is damaged is told of, not shouted about', async () => {
    const organization = await world.organization();
    await world.write(organization);
    await world.sealAll();
    await world.admin.query('update countersign.audit_logs set root = $2 where organization_id = $1', [
      organization,
      EMPTY_ROOT,
    ]);
    await world.write(organization);
    const sealer = world.sealer();
    for (let round = 0; round < 5; round += 1) await sealer.round(WHOLE);
    expect(world.logged.splice(0)).toMatchObject([
      { organization, err: { message: expect.stringContaining('do not lead to its committed root') } },
    ]);
    await world.admin.query('delete from countersign.audit_pending where organization_id = $1', [organization]);
  });

  test('cannot be sealed with another master secret, and stays as it was: nobody would know the key', async () => {
    const organization = await world.organization();
    await world.write(organization);
    await world.sealAll();
    await world.write(organization);
    const stranger = world.sealer({ secret: randomBytes(32).toString('hex') });
    await expect(stranger.seal(organization)).rejects.toMatchObject({ code: 'cannot-decrypt' });
    expect((await world.leaves(organization)).length).toBe(1);
    await world.sealAll();
    expect(await checkLog(world, organization)).toEqual({ size: 2, checkpoints: 2 });
  });
});
