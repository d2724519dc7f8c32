import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import proto from '@temporalio/proto';
import { Client } from 'pg';
import { sha256 } from '../../src/platform/crypto/master-key.ts';
import { until } from '../support/api-caller.ts';
import { historyOf } from '../workflows/support/history.ts';
import { databaseHaystacks, findTexts, type Haystack } from './support/haystack.ts';
import { BOSS, JANE, type Lived, liveOnPages, liveWithoutMail, PERSONAL } from './support/life.ts';
import { ObservedWorld } from './support/world.ts';

let world: ObservedWorld;
let lived: Lived;
let beforeMail: Haystack[];
let afterMail: Haystack[];

beforeAll(async () => {
  world = await ObservedWorld.start();
  world.mailServerOpen = false;
  lived = await liveWithoutMail(world);
  beforeMail = await databaseHaystacks(world.database.adminUrl);
  world.mailServerOpen = true;
  await until(
    async () => (await query(`select from countersign.outbox where channel = 'mail'`)).length === 0,
    'every mail is delivered',
    60_000,
  );
  await liveOnPages(world, lived);
  await until(
    async () => (await query(`select from countersign.outbox where channel in ('mail', 'webhook')`)).length === 0,
    'everything is delivered',
    60_000,
  );
  afterMail = await databaseHaystacks(world.database.adminUrl);
}, 150_000);

afterAll(() => world?.stop());

async function query<Row extends object>(sql: string, params: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: world.database.adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql, params)).rows;
  } finally {
    await client.end();
  }
}

describe('a full life', () => {
  test('went as it should, and everybody who may know reads what was written', async () => {
    const [first, withdrawn, reassigned, large] = await Promise.all(
      lived.approvals.map((id) => world.product.api.read(id)),
    );
    expect([first.state, withdrawn.state, reassigned.state, large.state]).toEqual([
      'rejected',
      'withdrawn',
      'approved',
      'approved',
    ]);
    expect(first).toMatchObject({
      requester_id: JANE.id,
      stages: [
        { decisions: [{ user_id: BOSS.id, comment: 'Genehmigt, gute Besserung' }] },
        { decisions: [{ channel: 'link', comment: 'Kommt gar nicht in Frage' }] },
      ],
    });
    expect(large.stages[0].decisions).toMatchObject([{ channel: 'link', comment: 'Ausnahmsweise ja' }]);
    expect(reassigned.stages[0].decisions).toMatchObject([{ channel: 'page' }]);
    expect(world.receiver.received.items.length).toBeGreaterThan(5);
  });

  test('leaves rows in every table it should, and the search finds what is there', () => {
    const filled = new Set(afterMail.filter(({ bytes }) => bytes.length > 0).map(({ place }) => place));
    for (const table of [
      'people',
      'memberships',
      'approvals',
      'approval_decisions',
      'approval_timeline',
      'approval_intents',
      'approval_links',
      'audit_entries',
      'idempotent_requests',
      'step_up_codes',
      'sessions',
      'sign_in_links',
      'webhooks',
      'webhook_deliveries',
    ]) {
      expect(filled).toContain(`countersign.${table}`);
    }
    expect(new Set(beforeMail.filter(({ bytes }) => bytes.length > 0).map(({ place }) => place))).toContain(
      'countersign.outbox',
    );
    expect(findTexts(afterMail, ['Research'])).toContain('countersign.teams: Research (plain)');
    expect(
      findTexts([{ place: 'here', bytes: Buffer.from(Buffer.from(`x${JANE.name}y`).toString('base64')) }], [JANE.name]),
    ).toEqual([`here: ${JANE.name} (base64)`]);
  });
});

describe('nothing personal is found in plain, in base64 or in hexadecimal', () => {
  test('in the database while mails wait to be sent', () => {
    expect(findTexts(beforeMail, PERSONAL)).toEqual([]);
  });

  test('in the database afterwards', () => {
    expect(findTexts(afterMail, PERSONAL)).toEqual([]);
  });

  test('in the log, at its most talkative', () => {
    const lines = world.log.toString().trim().split('\n');
    expect(lines.length).toBeGreaterThan(50);
    expect(new Set(lines.map((line) => JSON.parse(line).level))).toContain('info');
    expect(lines.map((line) => JSON.parse(line).route)).toContain('/api/v1/teams/{team}/members/{user}');
    expect(findTexts([{ place: 'log', bytes: world.log }], PERSONAL)).toEqual([]);
  });

  test('in any workflow’s history', async () => {
    for (const approval of lived.approvals) {
      const bytes = Buffer.from(
        proto.temporal.api.history.v1.History.encode(await historyOf(world.product.core, approval)).finish(),
      );
      expect(bytes.length).toBeGreaterThan(500);
      expect(findTexts([{ place: approval, bytes }], PERSONAL)).toEqual([]);
    }
  });
});

describe('no key, link, session or secret', () => {
  test('is kept in the database or written to the log', () => {
    expect(lived.secrets.length).toBeGreaterThan(8);
    for (const secret of lived.secrets) expect(secret.length).toBeGreaterThan(20);
    expect(findTexts([...beforeMail, ...afterMail, { place: 'log', bytes: world.log }], lived.secrets)).toEqual([]);
  });

  test('of a mailed link is left in the outbox once the mail server has accepted it; its hash is what finds it', async () => {
    expect(await query(`select from countersign.outbox where channel = 'mail' or body is not null`)).toEqual([]);
    const tokens = lived.secrets.filter((secret) => /^[\w-]{43}$/.test(secret));
    const { rows } = {
      rows: await query<{ hash: Buffer }>(
        `select hash from countersign.directory where kind in ('approval_link', 'sign_in_link')`,
      ),
    };
    const hashes = new Set(rows.map(({ hash }) => hash.toString('hex')));
    expect(tokens.filter((token) => hashes.has(sha256(token).toString('hex'))).length).toBeGreaterThanOrEqual(4);
  });
});
