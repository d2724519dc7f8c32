import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, parseVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { runCli } from '../../cli/support/run-cli.ts';
import { AuditApi } from './support/audit-api.ts';
import { ExportedWorld } from './support/exported-world.ts';

const WITNESS = formatVerifierKey(signingKey('witness.test', randomBytes(32), 'witness'));

let world: ExportedWorld;

beforeAll(async () => {
  world = await ExportedWorld.open();
});

afterAll(() => world?.close());

/** The number of the line with an entry, and the lines. */
function lineOf(seq: number): { lines: string[]; at: number } {
  const lines = world.bundle.toString().split('\n');
  return { lines, at: lines.findIndex((line) => line.startsWith(`{"seq":${seq},`)) };
}

describe('countersign audit verify', () => {
  test('finds the bundle valid, and says how many entries it holds', async () => {
    const { exitCode, output, errors } = await world.verify(world.bundle);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    expect(output).toContain(`VALID: ${world.made.entries} entries, 0 to ${(world.made.entries ?? 0) - 1}`);
    expect(output).toContain(`the checkpoint of ${world.made.tree_size} entries`);
  });

  test('takes the key from a file, the bundle from standard input, and answers in JSON', async () => {
    const keyFile = await world.file('log.pub', `${world.key}\n`);
    const { exitCode, output } = await runCli(
      ['audit', 'verify', '-', '--key', keyFile, '--json'],
      {},
      world.bundle.toString(),
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ verdict: 'valid', entries: world.made.entries, start: 0, erased: 0 });
  });

  test('names the first entry that was changed', async () => {
    const { lines, at } = lineOf(3);
    lines[at] = lines[at]!.replace('"outcome', '"outcomE').replace('outcome\\":\\"success', 'outcome\\":\\"denied');
    const { exitCode, output } = await world.verify(lines.join('\n'));
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringMatching(/^TAMPERED at entry 3: /) });
  });

  test('names the entry that any single byte was changed of', async () => {
    const { lines, at } = lineOf(2);
    const start = Buffer.byteLength(lines.slice(0, at).join('\n')) + 1;
    const changed = Buffer.from(world.bundle);
    const place = start + Math.floor(Buffer.byteLength(lines[at]!) / 2);
    changed[place] = changed[place]! ^ 1;
    expect(await world.verify(changed)).toMatchObject({ exitCode: 1, output: expect.stringContaining('entry 2') });
  });

  test('names the entry that was taken out, and sees where the file was cut', async () => {
    const { lines, at } = lineOf(4);
    expect(await world.verify(lines.toSpliced(at, 1).join('\n'))).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('entry 4'),
    });
    expect(await world.verify(world.bundle.subarray(0, world.bundle.length / 2))).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/^TRUNCATED/),
    });
  });

  test('does not take a bundle that another key has signed', async () => {
    const other = new AuditApi(
      world.system,
      (await world.system.need('POST', '/api/v1/organizations', { name: 'Somebody else' })).owner_key,
    );
    await other.sealed();
    expect(await world.verify(world.bundle, [], await other.publicKey())).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('another key'),
    });
  });

  test('compares with a checkpoint that was kept outside', async () => {
    const size = openCheckpoint(await world.audit.checkpoint(), parseVerifierKey(world.key)).size;
    const { exitCode, output } = await world.verify(await world.audit.bundle(await world.audit.exported()), [
      '--seen',
      await world.file('seen', await world.audit.checkpoint(`?tree_size=${size}`)),
    ]);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('is of the same history') });
  });

  test('does not pass for compared what could not be', async () => {
    const seen = ['--seen', await world.file('later', await world.audit.checkpoint())];
    expect(await world.verify(world.bundle, seen)).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/^VALID: /),
      errors: expect.stringContaining('could not be compared: the bundle does not show the log of its size'),
    });
    const { exitCode, output } = await world.verify(world.bundle, [...seen, '--json']);
    expect({ exitCode, answer: JSON.parse(output) }).toMatchObject({ exitCode: 2, answer: { seen: 'not-compared' } });
  });

  test('says with JSON too that the witness did not cosign', async () => {
    const { exitCode, output } = await world.verify(world.bundle, ['--witness', WITNESS, '--json']);
    expect({ exitCode, answer: JSON.parse(output) }).toMatchObject({
      exitCode: 1,
      answer: { verdict: 'valid', cosigned_at: null },
    });
    expect((await world.verify(world.bundle, ['--witness', WITNESS])).output).toContain(
      '\nNOT COSIGNED: witness.test ',
    );
  });

  test.each<[string, () => Promise<string[]>, string]>([
    [
      'what is no bundle',
      async () => [await world.file('letter.txt', 'Dear auditor,\n'), '--key', world.key],
      'none of a bundle',
    ],
    ['an empty file', async () => [await world.file('empty', ''), '--key', world.key], 'none of a bundle'],
    [
      'a file that is missing',
      async () => [join(world.folder, 'missing'), '--key', world.key],
      'there is no such file',
    ],
    ['a folder', async () => [world.folder, '--key', world.key], 'it is a folder'],
    ['no key', async () => [await world.file('a', world.bundle)], 'required option'],
    [
      'a key that is none',
      async () => [await world.file('a', world.bundle), '--key', 'log+12345678+AAAA'],
      'no public key',
    ],
    [
      'a key of which a letter was changed',
      async () => [await world.file('a', world.bundle), '--key', world.key.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
      'no public key',
    ],
    [
      'the key of a witness',
      async () => [
        await world.file('a', world.bundle),
        '--key',
        'witness.test+16e1df27+BOnMqbyljNbpx/ZF8+1tYFWpwMwUuxYDyJsVZUhPJFzP',
      ],
      'no public key',
    ],
    [
      'a key’s file that is missing',
      async () => [await world.file('a', world.bundle), '--key', join(world.folder, 'missing.pub')],
      'there is no such file',
    ],
    [
      'a checkpoint that is none',
      async () => [await world.file('a', world.bundle), '--key', world.key, '--seen', await world.file('b', 'none')],
      'no checkpoint signed with this key',
    ],
    [
      'an option that there is none of',
      async () => [await world.file('a', world.bundle), '--key', world.key, '--sean', 'x'],
      'unknown option',
    ],
  ])('says of %s that nothing can be said, with the status 2', async (_what, args, message) => {
    const { exitCode, output, errors } = await runCli(['audit', 'verify', ...(await args())], {});
    expect({ exitCode, output, errors }).toEqual({ exitCode: 2, output: '', errors: expect.stringContaining(message) });
  });
});
