import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from '../../cli/support/run-cli.ts';
import { ExportedWorld } from './support/exported-world.ts';

let world: ExportedWorld;

beforeAll(async () => {
  world = await ExportedWorld.open();
});

afterAll(() => world?.close());

describe('countersign audit export', () => {
  const run = (...args: string[]) => {
    const { surroundings, config } = world.system.core;
    return runCli(args, {
      DATABASE_URL: surroundings.databaseUrl,
      DATABASE_MIGRATION_URL: world.system.databaseAdminUrl,
      COUNTERSIGN_SECRET_KEY: surroundings.secret,
      TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    });
  };

  test('writes a bundle straight from the database, and the log tells of it', async () => {
    const out = join(world.folder, 'exported.jsonl');
    const { exitCode, output } = await run(
      'audit',
      'export',
      '--from',
      '2020-01-01',
      '--to',
      world.made.to,
      '--out',
      out,
    );
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`Wrote ${world.made.entries} entries`),
    });
    expect(await runCli(['audit', 'verify', out, '--key', world.key], {})).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`VALID: ${world.made.entries} entries`),
    });
    expect((await world.audit.entries({ action: 'audit.exported' }))[0]).toMatchObject({
      actor: { type: 'operator', id: null },
      detail: { from: '2020-01-01T00:00:00.000Z', to: world.made.to },
    });
  });

  test.each([
    [['--from', 'then', '--to', '2026-01-01'], '--from is a day or moment'],
    [['--from', '2026-02-01', '--to', '2026-01-01'], 'must be earlier'],
    [['--from', '2040-01-01', '--to', '2041-01-01'], 'than now'],
    [['--from', '2026-01-01', '--to', '2026-02-01', '--organization', 'acme'], 'no id of an organization'],
    [
      ['--from', '2026-01-01', '--to', '2026-02-01', '--organization', '0a000000-0000-7000-8000-00000000000a'],
      'has no audit log',
    ],
  ])('refuses %j, and leaves no file behind', async (args, message) => {
    expect(await run('audit', 'export', ...args, '--out', join(world.folder, 'refused.jsonl'))).toMatchObject({
      exitCode: 2,
      output: '',
      errors: expect.stringContaining(message),
    });
    expect((await readdir(world.folder)).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  test.each<[string, string, string]>([
    ['a folder that is not there', 'nowhere/out.jsonl', 'there is no such folder'],
    ['a folder', 'folder', 'it is a folder'],
  ])('says that it cannot write to %s', async (_what, out, message) => {
    await mkdir(join(world.folder, 'folder'), { recursive: true });
    const { exitCode, output, errors } = await run(
      'audit',
      'export',
      '--from',
      '2020-01-01',
      '--to',
      world.made.to,
      '--out',
      join(world.folder, out),
    );
    expect({ exitCode, output, errors }).toEqual({ exitCode: 2, output: '', errors: expect.stringContaining(message) });
    expect((await readdir(world.folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('of the API goes on after its workflow was lost, with `workflows resume`', async () => {
    await world.system.stopWorker();
    const { id } = await world.audit.need('POST', '/exports', { from: '2020-01-01T00:00:00Z', to: world.made.to });
    await world.asAdmin(`delete from countersign.outbox where reference ->> 'export' = '${id}'`);
    await world.system.startWorker();
    expect(await run('workflows', 'resume')).toMatchObject({ exitCode: 0, output: expect.stringContaining('exports') });
    expect((await world.audit.finished(id)).state).toBe('ready');
  });
});
