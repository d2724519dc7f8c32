import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Staff } from '../support/staff.ts';
import { ArchiveWorld } from './archive-world.ts';

const program = new URL('./archiving-process.ts', import.meta.url).pathname;
/** Everything that one month of two organizations takes. */
const STEPS = [
  '1 writing',
  '2 written',
  '3 verified',
  '4 recorded',
  '5 writing',
  '6 written',
  '7 verified',
  '8 recorded',
  '9 dropping',
  '10 dropped',
];

let world: ArchiveWorld;

beforeAll(async () => {
  world = await ArchiveWorld.open();
});

afterAll(() => world?.close());

function start(standStillAt: string): ChildProcess {
  const env = {
    ...process.env,
    DATABASE_URL: world.log.place.url,
    SECRET_KEY: world.log.secret,
    FOLDER: world.folder,
    STAND_STILL_AT: standStillAt,
  };
  return spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function killAt(step: string): Promise<void> {
  const child = start(step);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  expect(line.toString()).toBe('standing still\n');
}

/** The lock goes with the connection, which the server ends when it finds its client gone. */
async function finish(): Promise<void> {
  for (;;) {
    if ((await world.run()) !== null) return;
    await world.log.admin.query('select pg_sleep(0.02)');
  }
}

async function recorded(staff: Staff): Promise<string[]> {
  const { rows } = await world.log.admin.query<{ month: string }>(
    `select leaf::jsonb #>> '{detail,month}' as month from countersign.audit_entries where organization_id = $1 and action = 'audit.archived' order by 1`,
    [staff.organization],
  );
  return rows.map(({ month }) => month);
}

describe('kill -9 of whoever archives', () => {
  test.each(STEPS.map((step, index) => [step, `${1980 + index}-03`]))(
    'at step %s loses nothing, and the next run finishes it',
    async (step, month) => {
      await world.makePartition(month);
      const at = new Date(`${month}-05T12:00:00Z`);
      const people = [await world.organization({ january: 0 }), await world.organization({ january: 0 })];
      for (const staff of people) await staff.act('jane', { at, address: '203.0.113.9', times: 300 });
      await world.log.sealAll();
      const before = await Promise.all(people.map((staff) => world.read(staff)));
      // Months without entries are none of this test's steps.
      await world.log.admin.query(
        'drop table if exists countersign.audit_entries_2016_01, countersign.audit_entries_2016_02',
      );

      await killAt(step);
      expect(await world.partitionExists(month)).toBe(step !== '10 dropped');
      const between = await Promise.all(people.map((staff) => world.read(staff)));
      for (const [index, entries] of between.entries())
        expect(entries.slice(0, before[index]!.length)).toEqual(before[index]);

      await finish();
      expect(await world.partitionExists(month)).toBe(false);
      for (const [index, staff] of people.entries()) {
        expect((await world.read(staff)).slice(0, before[index]!.length)).toEqual(before[index]);
        expect(await world.archived(staff)).toMatchObject([{ month, entries: 300 }]);
        expect(await recorded(staff)).toEqual([month]);
        expect(await world.filesOf(staff)).toHaveLength(2);
      }
    },
  );
});
