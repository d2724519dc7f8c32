import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { checkLog } from './support/check-log.ts';
import { LogWorld, WHOLE } from './support/log-world.ts';

const PROGRAM = new URL('./support/sealer-process.ts', import.meta.url).pathname;
const KILLS = 8;
/** How PostgreSQL knows the sessions of processes that are killed here. */
const DOOMED = 'doomed sealer';

let world: LogWorld;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  world = await LogWorld.open();
});

afterEach(() => Promise.all([...children].map(kill)));

afterAll(() => world?.close());

function startSealer(): ChildProcess {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM], {
    env: { ...process.env, DATABASE_URL: world.place.url, SECRET_KEY: world.secret, PGAPPNAME: DOOMED },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Holds a table so that whoever writes to it waits. */
async function hold(table: string): Promise<Client> {
  const client = new Client({ connectionString: world.place.adminUrl });
  await client.connect();
  await client.query('begin');
  await client.query(`lock table countersign.${table} in exclusive mode`);
  return client;
}

async function letGo(holder: Client): Promise<void> {
  await holder.query('rollback');
  await holder.end();
}

/** Resolves when somebody waits to write to the table. */
async function untilWritten(table: string): Promise<void> {
  const waits = `select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database() where not granted and relation = 'countersign.${table}'::regclass`;
  while ((await world.admin.query(waits)).rowCount === 0) await world.admin.query('select pg_sleep(0.02)');
}

/** Resolves when what killed processes were at has ended in the database too, one way or the other. */
async function untilItsSessionsAreOver(): Promise<void> {
  while (
    (
      await world.admin.query(
        'select from pg_stat_activity where datname = current_database() and application_name = $1',
        [DOOMED],
      )
    ).rowCount !== 0
  )
    await world.admin.query('select pg_sleep(0.02)');
}

async function headOf(organization: string): Promise<number> {
  const { rows } = await world.admin.query<{ size: number }>(
    'select size::int as size from countersign.audit_logs where organization_id = $1',
    [organization],
  );
  return rows[0]?.size ?? 0;
}

describe('kill -9 of a sealer', () => {
  test('in the middle of its transaction: nothing of it is kept, and the next one seals all of it', async () => {
    const organization = await world.organization();
    await world.write(organization, 20);
    const holder = await hold('audit_tiles');
    const child = startSealer();
    await untilWritten('audit_tiles');
    await kill(child);
    await letGo(holder);
    await untilItsSessionsAreOver();
    expect(await headOf(organization)).toBe(0);
    expect(await world.leaves(organization)).toEqual([]);
    await world.sealAll();
    expect(await checkLog(world, organization)).toEqual({ size: 20, checkpoints: 1 });
  });

  test('between its commit and its signature: the next one signs what was committed, before it goes on', async () => {
    const organization = await world.organization();
    await world.write(organization, 20);
    const holder = await hold('audit_checkpoints');
    const child = startSealer();
    await untilWritten('audit_checkpoints');
    await kill(child);
    // Its session still waits to write the checkpoint: as if the process had been frozen, and came back after all.
    await world.write(organization, 5);
    expect(await headOf(organization)).toBe(20);
    await letGo(holder);
    await world.sealer().recover(WHOLE);
    await world.sealAll();
    await untilItsSessionsAreOver();
    expect(await checkLog(world, organization)).toEqual({ size: 25, checkpoints: 2 });
  });

  test('at any moment, again and again, two at a time: one root for each size, every entry in it once', async () => {
    const organizations = [await world.organization(), await world.organization()];
    const writing = new AbortController();
    const written = Promise.all(
      organizations.map(async (organization) => {
        let count = 0;
        for (; !writing.signal.aborted; count += 3) await world.write(organization, 3);
        return count;
      }),
    );
    for (let killed = 0; killed < KILLS; killed += 1) {
      const before = await headOf(organizations[0]!);
      const [first, second] = [startSealer(), startSealer()];
      // Until they seal, and then a random moment more.
      while ((await headOf(organizations[0]!)) === before) await world.admin.query('select pg_sleep(0.01)');
      await pause(Math.random() * 250);
      await Promise.all([kill(first), kill(second)]);
    }
    writing.abort();
    const counts = await written;
    await world.sealer().recover(WHOLE);
    await world.sealAll();
    for (const [index, organization] of organizations.entries()) {
      const { size, checkpoints } = await checkLog(world, organization);
      expect(size).toBe(counts[index]);
      expect(checkpoints).toBeGreaterThan(KILLS);
    }
  });
});
