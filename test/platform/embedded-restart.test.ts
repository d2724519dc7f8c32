import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { z } from 'zod';
import { type EmbeddedServer, keepRunning, type RestartPace } from '../../src/platform/embedded/keep-running.ts';
import { startServerProcess, type ServerProcess } from '../../src/platform/embedded/process.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { until } from '../support/api-caller.ts';
import { freePort } from '../support/free-port.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const KEY = 'the-owner-key-of-the-restart-test-1234567890';
const IN_TIME_MS = 60_000;
const silent = pino({ level: 'silent' });

let root: string;
beforeAll(async () => {
  root = await scratchFolder('restart-test');
  await chmod(root, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('npm start', () => {
  let product: ChildProcessByStdio<null, Readable, null>;
  let log = '';
  let base: string;
  let dataDir: string;

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    dataDir = join(root, 'data');
    product = spawn(process.execPath, ['--no-warnings', MAIN], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        PORT: String(port),
        DATA_DIR: dataDir,
        COUNTERSIGN_BOOTSTRAP_KEY: KEY,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    product.stdout.on('data', (text: Buffer) => (log += text.toString()));
    await until(isReady, 'npm start is ready', IN_TIME_MS);
  }, 2 * IN_TIME_MS);
  afterAll(async () => {
    if (product.exitCode !== null) return;
    const ended = once(product, 'exit');
    product.kill('SIGTERM');
    await ended;
  });

  test.each([
    ['PostgreSQL', 'postgres/postgres.process.json', 'before-the-database-was-killed'],
    ['Temporal', 'temporal/temporal/process.json', 'before-temporal-was-killed'],
  ])(
    'starts %s again when it is killed, with all that was in it',
    async (service, recordFile, team) => {
      expect((await call('POST', '/api/v1/teams', { id: team, name: 'Kept' })).status).toBe(201);
      const killed = await pidIn(join(dataDir, recordFile));
      process.kill(killed, 'SIGKILL');
      await until(async () => (await pidIn(join(dataDir, recordFile))) !== killed, 'another process', IN_TIME_MS);
      await until(isReady, 'it is ready again', IN_TIME_MS);

      expect((await call('GET', `/api/v1/teams/${team}`)).status).toBe(200);
      expect(await decidedApproval(team)).toBe('approved');
      expect(log).toContain(`"service":"${service}"`);
    },
    180_000,
  );

  test('stops all of it when it is told to, and starts nothing again', async () => {
    const ended = once(product, 'exit');
    product.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    await expect(pidIn(join(dataDir, 'postgres/postgres.process.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  async function isReady(): Promise<boolean> {
    return await fetch(`${base}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  async function call(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, body: await answer.json() };
  }

  /** An approval from its request to its outcome takes the database, Temporal and the worker. */
  async function decidedApproval(team: string): Promise<string> {
    const member = (user: string) => ({ name: user, email: `${user}@example.org`, roles: ['manager'] });
    const [asks, decides] = [`asks-${team}`, `decides-${team}`];
    for (const user of [asks, decides]) await call('PUT', `/api/v1/teams/${team}/members/${user}`, member(user));
    const key = z
      .object({ key: z.string() })
      .parse((await call('POST', '/api/v1/api-keys', { user_id: decides })).body);
    const chain = { stages: [{ approvers: [{ user_id: decides }] }] };
    const request = { team_id: team, kind: 'generic', title: 'Carry on?', requester_id: asks, chain };
    const { id } = z.object({ id: z.string() }).parse((await call('POST', '/api/v1/approvals', request)).body);
    const answer = await fetch(`${base}/api/v1/approvals/${id}/decisions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ decision: 'approve' }),
    });
    return z.object({ state: z.string() }).parse(await answer.json()).state;
  }
});

describe('a server that is kept running', () => {
  const pace: RestartPace = { firstPauseMs: 1, longestPauseMs: 4, steadyAfterMs: 3_600_000, tries: 3 };
  const started: ServerProcess[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
  });
  const startProcess = async (program: string, ...args: string[]): Promise<ServerProcess> => {
    const name = join(root, `server-${started.length}`);
    const options = { program, args, recordFile: `${name}.json`, logFile: `${name}.log` };
    const server = await startServerProcess(options);
    started.push(server);
    return server;
  };
  const kept = (first: EmbeddedServer, start: () => Promise<EmbeddedServer>) => {
    const givenUp = Promise.withResolvers<Error>();
    const options = { service: 'Sleeper', variable: 'SLEEPER_URL', logger: silent, onGivenUp: givenUp.resolve, pace };
    return { stop: keepRunning(first, { ...options, start }), givenUp: givenUp.promise };
  };

  test('is given up with one sentence when it dies at once again and again', async () => {
    const { givenUp } = kept(await startProcess('false'), () => startProcess('false'));
    expect((await givenUp).message).toBe(
      'Sleeper was started 3 times and has ended each time (exit code 1): look into its log in DATA_DIR, or set SLEEPER_URL to a server you have.',
    );
    expect(started).toHaveLength(4);
  });

  test('is not started again after it was stopped', async () => {
    const { stop } = kept(await startProcess('sleep', '60'), () => startProcess('sleep', '60'));
    await stop();
    expect(started.map((server) => server.running())).toEqual([false]);
  });

  test('is stopped also where the stop comes while it is being started again', async () => {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const first = await startProcess('sleep', '60');
    const { stop } = kept(first, async () => {
      begun.resolve();
      await goOn.promise;
      return startProcess('sleep', '60');
    });
    process.kill(first.pid, 'SIGKILL');
    await begun.promise;
    const stopped = stop();
    goOn.resolve();
    await stopped;
    expect(started.map((server) => server.running())).toEqual([false, false]);
  });
});

const recordSchema = z.object({ child: z.object({ pid: z.number() }) });

async function pidIn(recordFile: string): Promise<number> {
  return recordSchema.parse(JSON.parse(await readFile(recordFile, 'utf8'))).child.pid;
}
