import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { MailHandler } from '../../src/notify/mail-handler.ts';
import type { OutboxMessage } from '../../src/platform/unit-of-work.ts';
import { type Program, startProgram } from '../support/program.ts';
import { lane, startRelay } from './support/relays.ts';
import { TestSmtpServer } from './support/smtp-server.ts';
import { World } from './support/world.ts';

const LEASE_MS = 1_500;
/** Messages that the worker of `relay-process.ts` has claimed and not settled: three times its concurrency. */
const IN_HAND_AT_MOST = 12;
const program = new URL('./support/relay-process.ts', import.meta.url);
const workers: Program[] = [];
let world: World;
let smtp: TestSmtpServer;
let organization: string;

beforeAll(async () => {
  world = await World.open();
  organization = await world.organization();
  smtp = new TestSmtpServer();
  await smtp.start();
});

afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await smtp.stop();
  await world.close();
});

function startWorker(): Program {
  const worker = startProgram(program, {
    ...process.env,
    DATABASE_URL: world.url,
    SMTP_URL: smtp.url,
    SECRET_KEY: world.secret,
    LEASE_MS: String(LEASE_MS),
  });
  workers.push(worker);
  return worker;
}

async function kill(worker: Program): Promise<void> {
  const gone = once(worker, 'exit');
  worker.kill('SIGKILL');
  await gone;
}

function mail(): OutboxMessage {
  const body = { to: 'jane@example.com', subject: 'Please decide', text: 'text', html: '<p>html</p>' };
  return {
    id: randomUUID(),
    channel: 'mail',
    reference: {},
    body: { subjects: [organization], text: JSON.stringify(body) },
  };
}

/** Keeps everybody from removing the message, without keeping them from claiming it first. */
async function lockRow(id: string): Promise<Client> {
  const client = new Client({ connectionString: world.url, options: '-c role=countersign_app' });
  await client.connect();
  await client.query('begin');
  await client.query(`select set_config('app.organization', $1, true)`, [organization]);
  await client.query('select 1 from countersign.outbox where id = $1 for update', [id]);
  return client;
}

async function untilRemovalWaits(): Promise<void> {
  for (;;) {
    const { rowCount } = await world.admin.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%delete from countersign.outbox where%' and query not like '%pg_stat_activity%'`,
    );
    if (rowCount !== 0) return;
    await world.admin.query('select pg_sleep(0.02)');
  }
}

async function untilOutboxIsEmpty(): Promise<void> {
  while ((await world.outbox()).length > 0) await world.admin.query('select pg_sleep(0.02)');
}

describe('kill -9 of a worker', () => {
  test('between the mail server’s 250 and the removal: one duplicate, which can be told by its Message-ID', async () => {
    const message = mail();
    await world.enqueue(organization, message);
    const locked = Promise.withResolvers<Client>();
    smtp.beforeAccepting = async () => locked.resolve(await lockRow(message.id));
    const worker = startWorker();
    const holder = await locked.promise;
    await untilRemovalWaits();
    expect(smtp.received.items).toHaveLength(1);
    await kill(worker);
    await holder.query('rollback');
    await holder.end();
    smtp.beforeAccepting = async () => undefined;
    const { relay, metrics } = startRelay(world, {
      mail: lane(new MailHandler({ smtpUrl: smtp.url, from: 'c@example.com', publicUrl: 'http://127.0.0.1' })),
    });
    await metrics.times('delivered', 1);
    await relay.stop(5_000);
    expect(smtp.received.items.map(({ parsed }) => parsed.messageId)).toEqual([
      `<${message.id}@127.0.0.1>`,
      `<${message.id}@127.0.0.1>`,
    ]);
    expect(await world.outbox()).toEqual([]);
  });

  test('again and again, at any moment: every mail arrives, and each kill doubles no more than was under way', async () => {
    const before = smtp.received.items.length;
    const messages = Array.from({ length: 60 }, mail);
    await world.enqueue(organization, ...messages);
    const kills = 3;
    for (let killed = 0; killed < kills; killed += 1) {
      const worker = startWorker();
      await smtp.received.count(before + 15 * (killed + 1));
      await kill(worker);
    }
    const { relay } = startRelay(world, {
      mail: lane(new MailHandler({ smtpUrl: smtp.url, from: 'c@example.com', publicUrl: 'http://127.0.0.1' })),
    });
    await untilOutboxIsEmpty();
    await relay.stop(5_000);
    const counts = Map.groupBy(smtp.received.items.slice(before), ({ parsed }) => parsed.messageId);
    expect([...counts.keys()].toSorted()).toEqual(messages.map(({ id }) => `<${id}@127.0.0.1>`).toSorted());
    expect(Math.max(...[...counts.values()].map((same) => same.length))).toBeLessThanOrEqual(1 + kills);
    expect(smtp.received.items.length - before - messages.length).toBeLessThanOrEqual(kills * IN_HAND_AT_MOST);
  });
});
