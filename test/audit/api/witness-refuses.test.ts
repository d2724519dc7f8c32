import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cosignatureTime } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, parseVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { addSignatures, parseSignature } from '../../../src/audit/notes/signed-note.ts';
import { type CliResult, runCli } from '../../cli/support/run-cli.ts';
import { FakeLog } from './support/fake-log.ts';

const BIN = fileURLToPath(new URL('../../../bin/countersign.mjs', import.meta.url));
const HISTORY = ['a', 'b', 'c', 'd', 'e'];

let folder: string;
let log: FakeLog;
let witnessKey: string;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-witness-'));
  log = new FakeLog(HISTORY);
  await log.start();
  ({ url } = log);
  await writeFile(join(folder, 'api.key'), 'a key\n');
  witnessKey = (
    await runCli(['audit', 'witness-key', '--name', 'witness.test', '--out', join(folder, 'witness.key')], {})
  ).output.trim();
});

afterEach(async () => {
  await log.stop();
  await rm(folder, { recursive: true, force: true });
});

const args = () => [
  'audit',
  'witness',
  '--url',
  url,
  '--api-key-file',
  join(folder, 'api.key'),
  '--key-file',
  join(folder, 'witness.key'),
  '--state',
  join(folder, 'state.json'),
];
const look = (): Promise<CliResult> => runCli([...args(), '--once'], {});
const state = async () => JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'));

async function evidence(): Promise<Record<string, unknown>[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('state.json.evidence-'));
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>),
  );
}

describe('a witness', () => {
  test('signs what it saw, and nobody can take its signature for one under anything else', async () => {
    expect(await look()).toMatchObject({ exitCode: 0, output: 'Cosigned the checkpoint of 5 entries.\n' });
    expect(log.handedIn).toEqual([{ tree_size: 5, cosignature: expect.stringMatching(/^— witness\.test /) }]);
    const signature = parseSignature(log.handedIn[0]!.cosignature);
    expect(cosignatureTime(addSignatures(log.checkpoint(), [signature]), parseVerifierKey(witnessKey))).toBeInstanceOf(
      Date,
    );
    expect(() =>
      cosignatureTime(
        addSignatures(log.checkpoint(['a', 'b', 'c', 'd', 'x']), [signature]),
        parseVerifierKey(witnessKey),
      ),
    ).toThrow();
  });

  test('follows a log that grows', async () => {
    for (const added of [['f'], ['g', 'h', 'i'], Array.from({ length: 300 }, (_, n) => `n${n}`)]) {
      expect((await look()).exitCode).toBe(0);
      log.history = [...log.history, ...added];
    }
    expect(await look()).toMatchObject({ exitCode: 0, output: 'Cosigned the checkpoint of 309 entries.\n' });
    expect(log.handedIn.map(({ tree_size: size }) => size)).toEqual([5, 6, 9, 309]);
  });

  test('has what it signed on disk before anybody gets it', async () => {
    let onDisk: unknown;
    log.onHandedIn = async () => void (onDisk = await state());
    await look();
    expect(onDisk).toEqual({
      log_key: log.publicKey,
      checkpoint: log.checkpoint(),
      cosignature: log.handedIn[0]?.cosignature,
      handed_over: false,
    });
    expect(await state()).toMatchObject({ handed_over: true });
  });

  test('hands over what it could not, before it signs anything new', async () => {
    log.answer = (method) => (method === 'POST' ? 'break-off' : null);
    expect(await look()).toMatchObject({ exitCode: 2, errors: expect.stringContaining('does not answer') });
    const signed = await state();
    expect(signed).toMatchObject({ handed_over: false });
    log.answer = () => null;
    log.history = [...HISTORY, 'f'];
    expect((await look()).exitCode).toBe(0);
    expect(log.handedIn.map(({ tree_size: size }) => size)).toEqual([5, 6]);
    expect(log.handedIn[0]?.cosignature).toBe(signed.cosignature);
  });

  test.each<[string, () => void, string]>([
    ['went back', () => (log.history = ['a', 'b', 'c']), 'went back from 5 entries to 3'],
    [
      'has another history of the same size',
      () => (log.history = ['a', 'b', 'x', 'd', 'e']),
      'there are two roots of 5 leaves',
    ],
    [
      'has a longer history that begins otherwise',
      () => (log.history = ['a', 'b', 'x', 'd', 'e', 'f', 'g']),
      'do not begin with the 5',
    ],
    [
      'has no proof',
      () => {
        log.history = [...HISTORY, 'f'];
        log.answer = (_method, path) =>
          path.endsWith('/consistency') ? { status: 404, body: '{"detail":"never"}' } : null;
      },
      'cannot prove that its 6 entries begin with the 5',
    ],
    [
      'gives the proof of something else',
      () => {
        log.history = [...HISTORY, 'f'];
        log.answer = (_method, path) =>
          path.endsWith('/consistency')
            ? { status: 200, body: JSON.stringify({ hashes: [Buffer.alloc(32).toString('base64')] }) }
            : null;
      },
      'do not begin with the 5',
    ],
    [
      'shows what another key has signed',
      () => {
        const other = log.checkpoint([...HISTORY, 'f'], signingKey('countersign/fake', randomBytes(32)));
        log.answer = (_method, path) => (path.endsWith('/checkpoint') ? { status: 200, body: other } : null);
      },
      'its key did not sign',
    ],
  ])('does not sign a log that %s, and keeps what proves it', async (_what, fork, how) => {
    await look();
    const [seen, before] = [log.checkpoint(), await state()];
    fork();
    const { exitCode, output } = await look();
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining(how) });
    expect(output).toMatch(/^INCONSISTENT: [^]*state\.json\.evidence-/);
    expect(log.handedIn).toHaveLength(1);
    expect(await state()).toEqual(before);
    expect(await evidence()).toEqual([
      {
        how: expect.stringContaining(how),
        log_key: log.publicKey,
        seen,
        shown: expect.any(String),
        proof: (await evidence())[0]?.['proof'],
      },
    ]);
    expect((await evidence())[0]).toHaveProperty('proof');
    expect((await look()).exitCode).toBe(1);
    expect(await evidence()).toHaveLength(1);
  });

  test('notices a log that denies what it has just shown', async () => {
    log.answer = (method) =>
      method === 'POST' ? { status: 404, body: '{"detail":"There is no checkpoint of 5 entries."}' } : null;
    expect(await look()).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('says now that it has another one or none'),
    });
    expect(await evidence()).toMatchObject([{ shown: log.checkpoint() }]);
  });

  test.each<[string, () => Promise<void>, string]>([
    ['a log that does not answer', () => log.stop(), 'does not answer'],
    [
      'a log that is in trouble',
      async () => void (log.answer = () => ({ status: 503, body: '{"detail":"The database does not answer."}' })),
      'The database does not answer',
    ],
    [
      'a log that does not know the key',
      async () => void (log.answer = () => ({ status: 401, body: '{"detail":"This API key is unknown."}' })),
      'This API key is unknown',
    ],
    [
      'something else than a log',
      async () => void (log.answer = () => ({ status: 200, body: '<html>' })),
      'something else than its key',
    ],
    [
      'a log that is being maintained',
      async () =>
        void (log.answer = (_method, path) =>
          path.endsWith('/checkpoint') ? { status: 200, body: '<html>\n\nBack soon.\n' } : null),
      'something else than a checkpoint',
    ],
    [
      'an answer without end',
      async () => void (log.answer = () => ({ status: 200, body: 'x'.repeat(2_000_000) })),
      'more than it ever should',
    ],
    ['a state that is none', () => writeFile(join(folder, 'state.json'), '{}'), 'is no state of a witness'],
    ['a key that is none', () => writeFile(join(folder, 'witness.key'), 'secret'), 'no private key of a witness'],
    ['an API key that is missing', () => rm(join(folder, 'api.key')), 'there is no such file'],
  ])('says nothing about %s', async (_what, arrange, message) => {
    await arrange();
    const { exitCode, output, errors } = await look();
    expect({ exitCode, output, errors }).toEqual({ exitCode: 2, output: '', errors: expect.stringContaining(message) });
    expect(errors).not.toContain('secret');
    expect(log.handedIn).toEqual([]);
  });

  test('that runs on sits a pause in the log out, ends when it is told to, and by itself where the log forks', async () => {
    const child = spawn(process.execPath, [BIN, ...args(), '--every', '1s'], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    const said = createInterface(child.stdout)[Symbol.asyncIterator]();
    const complained = createInterface(child.stderr)[Symbol.asyncIterator]();
    expect((await said.next()).value).toBe('Cosigned the checkpoint of 5 entries.');
    log.answer = () => 'break-off';
    expect((await complained.next()).value).toContain('Trying again.');
    log.answer = () => ({ status: 200, body: '<html>' });
    let complaint = '';
    while (!complaint.includes('something else than a checkpoint')) complaint = String((await complained.next()).value);
    expect(complaint).toContain('Trying again.');
    log.answer = () => null;
    log.history = ['x'];
    let line = '';
    while (!line.startsWith('INCONSISTENT')) line = String((await said.next()).value);
    expect(await ended).toEqual([1, null]);

    log.history = [...HISTORY, 'f'];
    const second = spawn(process.execPath, [BIN, ...args(), '--every', '1h'], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(second.stdout, 'data');
    const over = once(second, 'exit');
    second.kill('SIGTERM');
    expect(await over).toEqual([0, null]);
  });

  test.each([
    ['--every', 'soon'],
    ['--url', 'countersign.example.com'],
    ['--log-key', formatVerifierKey(signingKey('witness.test', randomBytes(32), 'witness'))],
  ])('takes no %s that is none', async (option, value) => {
    expect(await runCli([...args(), '--once', option, value], {})).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining(option),
    });
  });
});
