import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { MikroORM } from '@mikro-orm/postgresql';
import { Client, Connection } from '@temporalio/client';
import { createTransport } from 'nodemailer';
import { z } from 'zod';

import { builtOnce } from '../../src/platform/embedded/cache-dir.ts';
import { MailboxStore } from '../../src/platform/embedded/mailbox-store.ts';
import { startMailbox } from '../../src/platform/embedded/mailbox.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { identityOf, isRunning } from '../../src/platform/embedded/process-identity.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { startEmbeddedTemporal } from '../../src/platform/embedded/temporal.ts';

let root: string;
beforeAll(async () => {
  root = await scratchFolder('embedded-test');
  await chmod(root, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const silent = (): void => undefined;

describe('embedded PostgreSQL', () => {
  const started: EmbeddedPostgres[] = [];
  const startIn = async (dataDir: string): Promise<EmbeddedPostgres> => {
    const postgres = await startEmbeddedPostgres({ dataDir, progress: silent, settings: { fsync: 'off' } });
    started.push(postgres);
    return postgres;
  };
  afterEach(async () => {
    await Promise.all(started.splice(0).map((postgres) => postgres.stop())); // also after a test that failed half-way
  });

  test('keeps its data and its port when its owner is killed, and when it is killed itself', async () => {
    const dataDir = join(root, 'killed');
    const owner = spawn(
      process.execPath,
      [fileURLToPath(new URL('../support/embedded-owner.ts', import.meta.url)), dataDir],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const [line]: unknown[] = await once(createInterface(owner.stdout), 'line');
    const url = String(line);
    await query(url, 'create table note (text text)');
    await query(url, `insert into note values ('before the owner was killed')`);
    owner.kill('SIGKILL');
    await once(owner, 'exit');

    const second = await startIn(dataDir);
    expect(second.adminUrl).toBe(url);
    await query(url, `insert into note values ('before the server was killed')`);
    process.kill(second.pid, 'SIGKILL');
    await second.ended;

    const third = await startIn(dataDir);
    expect(await query(third.adminUrl, 'select text from note')).toEqual([
      { text: 'before the owner was killed' },
      { text: 'before the server was killed' },
    ]);
    await third.stop();
  });

  test('interrupts the server that an earlier run has left running, and takes over its data', async () => {
    const dataDir = join(root, 'leftover');
    const left = await startIn(dataDir);
    await query(left.adminUrl, 'create table note (text text)');
    await orphan(dataDir);

    const next = await startIn(dataDir);
    expect(await left.ended).toBe('exit code 0');
    expect(await query(next.adminUrl, 'select text from note')).toEqual([]);
    await next.stop();
  });

  test('refuses a data folder that a running Countersign uses', async () => {
    const dataDir = join(root, 'in-use');
    const first = await startIn(dataDir);
    await expect(startIn(dataDir)).rejects.toMatchObject({
      code: 'service-unavailable-at-start',
      message: expect.stringMatching(/in use.*DATA_DIR/),
    });
    expect(await query(first.adminUrl, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    await first.stop();
  });

  test('never touches a process that has the recorded pid but another start time', async () => {
    const dataDir = join(root, 'bystander');
    const bystander = spawn('sleep', ['60'], { argv0: 'postgres', stdio: 'ignore' });
    await once(bystander, 'spawn');
    const identity = await identityOf(bystander.pid ?? 0);
    await mkdir(dataDir);
    await writeFile(
      join(dataDir, 'postgres.process.json'),
      JSON.stringify({
        child: { pid: bystander.pid, startedAt: 'an earlier time' },
        owner: { pid: bystander.pid, startedAt: 'an earlier time' },
      }),
    );

    const postgres = await startIn(dataDir);
    await postgres.stop();
    expect(identity !== null && (await isRunning(identity))).toBe(true);
    bystander.kill();
    await once(bystander, 'exit');
  });

  test('moves to another port when somebody else listens on its own, and stays there', async () => {
    const dataDir = join(root, 'port');
    const first = await startIn(dataDir);
    await first.stop();
    const other = createServer().listen(first.port, '127.0.0.1');
    await once(other, 'listening');

    const second = await startIn(dataDir);
    expect(second.port).not.toBe(first.port);
    await second.stop();
    other.close();
    await once(other, 'close');

    const third = await startIn(dataDir);
    expect(third.port).toBe(second.port);
    await third.stop();
  });

  test("wants the password, speaks UTF-8, and writes nobody's data into its log", async () => {
    const dataDir = join(root, 'private');
    const postgres = await startIn(dataDir);
    const withoutPassword = postgres.adminUrl.replace(/:[^:@/]+@/, ':wrong@');
    await expect(query(withoutPassword, 'select 1')).rejects.toThrow(/password authentication failed/);
    expect(
      await query(postgres.adminUrl, `select upper('łódź') as upper, current_setting('server_encoding') as encoding`),
    ).toEqual([{ upper: 'ŁÓDŹ', encoding: 'UTF8' }]);
    await expect(query(postgres.adminUrl, `select 'jane@example.org'::uuid`)).rejects.toThrow(/jane@example.org/);
    await postgres.stop();
    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).not.toContain('jane');
  });
});

describe('embedded Temporal', () => {
  test('keeps its workflows and its address when it is killed', async () => {
    const options = { dataDir: join(root, 'temporal'), namespace: 'kept', progress: silent };
    const first = await startEmbeddedTemporal(options);
    await withTemporal(first.address, (client) =>
      client.workflow.start('waiting', { workflowId: 'kept-over', taskQueue: 'nobody' }),
    );
    process.kill(first.pid, 'SIGKILL');
    await first.ended;

    const second = await startEmbeddedTemporal(options);
    expect(second.address).toBe(first.address);
    const found = await withTemporal(second.address, (client) => client.workflow.getHandle('kept-over').describe());
    expect(found.status.name).toBe('RUNNING');
    await second.stop();
  });
});

describe('mailbox', () => {
  test('keeps its messages over a restart, newest first, found by whom they were sent to', async () => {
    const dataDir = join(root, 'mailbox');
    const first = await startMailbox({ dataDir });
    await send(first.smtpUrl, { to: 'Jane@example.org', subject: 'Grüße', html: '<p>one</p>' });
    await send(first.smtpUrl, { to: 'someone@example.org', bcc: 'hidden@example.org', subject: 'two' });
    await first.stop();

    const second = await startMailbox({ dataDir });
    expect(second.smtpUrl).toBe(first.smtpUrl);
    expect((await second.messages()).map(({ subject }) => subject)).toEqual(['two', 'Grüße']);
    expect(await second.messages({ to: 'jane@EXAMPLE.org' })).toMatchObject([
      {
        from: 'sender@example.org',
        to: ['jane@example.org'],
        subject: 'Grüße',
        html: expect.stringContaining('<p>one</p>'),
      },
    ]);
    const [hidden] = await second.messages({ to: 'hidden@example.org' });
    expect(String(await second.source(hidden?.id ?? ''))).toMatch(/^Subject: two\r$/m);
    expect(await second.source('../mailbox.port')).toBeNull();
    await second.stop();
  });

  test('answers 451 when told to refuse, and keeps nothing of that message', async () => {
    let answer: 'accept' | 'refuse' = 'refuse';
    const mailbox = await startMailbox({ dataDir: null, onMessage: () => answer });
    await expect(send(mailbox.smtpUrl, { to: 'a@example.org', subject: 'first' })).rejects.toMatchObject({
      responseCode: 451,
    });
    answer = 'accept';
    await send(mailbox.smtpUrl, { to: 'a@example.org', subject: 'second' });
    expect((await mailbox.messages()).map(({ subject }) => subject)).toEqual(['second']);
    await mailbox.stop();
  });

  test('keeps the newest messages only, in order of arrival also when the clock is set back', async () => {
    const store = await MailboxStore.open(join(root, 'bounded'), 2);
    const envelope = { from: '', to: ['a@example.org'] };
    await store.add(envelope, Buffer.from('Subject: 1\r\n\r\n'), 2_000);
    const second = await store.add(envelope, Buffer.from('Subject: 2\r\n\r\n'), 1_000);
    const third = await store.add(envelope, Buffer.from('Delivered-To: forged@example.org\r\n\r\n'), 1_000);
    expect(store.ids()).toEqual([third, second]);
    expect((await MailboxStore.open(join(root, 'bounded'), 2)).ids()).toEqual([third, second]);
    expect(await store.recipients(third)).toEqual(['a@example.org']);
  });
});

describe('tool cache', () => {
  test('builds once for all who want it at the same time, and leaves nothing of a build that failed', async () => {
    const folder = join(root, 'tool');
    await expect(builtOnce(folder, silent, () => Promise.reject(new Error('no compiler')))).rejects.toThrow(
      'no compiler',
    );
    let builds = 0;
    const build = async (target: string): Promise<void> => {
      builds += 1;
      await writeFile(join(target, 'program'), 'built');
    };
    await Promise.all([1, 2, 3].map(() => builtOnce(folder, silent, build)));
    expect(builds).toBe(1);
    expect(await readFile(join(folder, 'program'), 'utf8')).toBe('built');
  });

  test('takes over the lock of a process that is gone', async () => {
    const folder = join(root, 'abandoned');
    await writeFile(`${folder}.lock`, JSON.stringify({ pid: process.pid, startedAt: 'an earlier time' }));
    await builtOnce(folder, silent, (target) => writeFile(join(target, 'program'), 'built'));
    expect(await readFile(join(folder, 'program'), 'utf8')).toBe('built');
  });
});

async function query(url: string, sql: string): Promise<unknown> {
  const orm = await MikroORM.init({ clientUrl: url, entities: [], discovery: { warnWhenNoEntities: false } });
  try {
    return await orm.em.getConnection().execute(sql);
  } finally {
    await orm.close();
  }
}

/** Makes the server's record say that whoever started it is gone. */
async function orphan(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postgres.process.json');
  const record = z.looseObject({ owner: z.looseObject({}) }).parse(JSON.parse(await readFile(file, 'utf8')));
  await writeFile(file, JSON.stringify({ ...record, owner: { ...record.owner, startedAt: 'an earlier time' } }));
}

async function withTemporal<Result>(address: string, use: (client: Client) => Promise<Result>): Promise<Result> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection, namespace: 'kept' }));
  } finally {
    await connection.close();
  }
}

async function send(
  smtpUrl: string,
  message: { to: string; bcc?: string; subject: string; html?: string },
): Promise<void> {
  const transport = createTransport(smtpUrl);
  try {
    await transport.sendMail({ from: 'Sender <sender@example.org>', text: 'text', ...message });
  } finally {
    transport.close();
  }
}
