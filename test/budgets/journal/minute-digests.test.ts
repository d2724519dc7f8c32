import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { canonicalJson } from '../../../src/platform/canonical-json.ts';
import { JournalWorld } from './support/journal-world.ts';

let world: JournalWorld;

beforeAll(async () => {
  world = await JournalWorld.open();
});

afterAll(() => world?.close());

interface Row {
  readonly number: string;
  readonly state: string;
  readonly [column: string]: string | boolean | null;
}

/** The digest of a stretch, computed as docs/AUDIT.md says, out of columns and not by what the product computes it with. */
async function digestOf(organization: string, after: number, to: number): Promise<string> {
  const { rows } = await world.admin.query<Row>(
    `select c.number, c.state, c.reservation_id, to_json(c.at at time zone 'UTC') #>> '{}' as at, team_id, person_id, provider, model, amount::text, currency,
       to_json(created_at at time zone 'UTC') #>> '{}' as created_at, to_json(expires_at at time zone 'UTC') #>> '{}' as expires_at, encode(request, 'hex') as request,
       cost::text, late, above_hold, encode(settlement, 'hex') as settlement
     from countersign.reservation_changes c join countersign.reservations r on r.id = c.reservation_id
     where c.organization_id = $1 and c.number > $2 and c.number <= $3 order by c.number`,
    [organization, after, to],
  );
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${canonicalJson(lineOf(row))}\n`);
  return hash.digest('hex');
}

function lineOf(row: Row): (string | null)[] {
  const text = (name: string) => (row[name] === null ? null : String(row[name]));
  const decimal = (name: string) => text(name)?.replace(/\.?0+$/, '') ?? null;
  const moment = (name: string) => {
    const [whole = '', fraction = ''] = (text(name) ?? '').split('.');
    return `${whole}.${fraction.padEnd(6, '0')}Z`;
  };
  const settled = row.state === 'settled';
  return [
    text('number'),
    moment('at'),
    text('state'),
    text('reservation_id'),
    text('team_id'),
    text('person_id'),
    text('provider'),
    text('model'),
    decimal('amount'),
    text('currency'),
    moment('created_at'),
    moment('expires_at'),
    text('request'),
    ...(settled ? [decimal('cost'), text('late'), text('above_hold'), text('settlement')] : [null, null, null, null]),
  ];
}

/** Writes a journal as it would be if changes had been made at these moments. @returns their numbers */
async function journalOf(organization: string, moments: readonly string[]): Promise<number[]> {
  const { rows } = await world.admin.query<{ number: string }>(
    `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state)
     select $1, nextval('countersign.reservation_change_numbers'), made.at, gen_random_uuid(), 'held' from unnest($2::timestamptz[]) with ordinality made (at, n) order by n
     returning number`,
    [organization, moments],
  );
  return rows.map(({ number }) => Number(number));
}

describe('the digest of a minute', () => {
  test('counts what happened to reservations, sums it up, and is the hash of the lines that the docs describe', async () => {
    const organization = await world.organization();
    const [spent, , given] = [
      await world.reserve(organization, '10'),
      await world.reserve(organization, '1.25'),
      await world.reserve(organization, '0.000000000001'),
    ];
    await world.settle(organization, spent, '12.5');
    await world.release(organization, given);
    await world.digestAll(organization);
    const [minute, ...others] = await world.minutes(organization);
    expect(others.length).toBeLessThan(2); // two, where a minute ended in between
    expect(minute).toMatchObject({ after: 0, minute: expect.stringMatching(/T\d\d:\d\d:00\.000Z$/) });
    expect([minute!, ...others].reduce((sum, { changes }) => sum + changes, 0)).toBe(5);
    if (others.length === 0)
      expect(minute!.totals).toEqual([
        'held 3 11.250000000001 USD',
        'released 1 0.000000000001 USD',
        'settled 1 12.5 USD',
      ]);
    for (const { after, to, digest } of [minute!, ...others])
      expect(digest).toBe(await digestOf(organization, after, to));
    expect(await world.check(organization)).toEqual({ found: [], journal: { minutes: 1 + others.length, waiting: 0 } });
  });

  test('is what the statement in the docs gives', async () => {
    const organization = await world.organization();
    await world.settle(organization, await world.reserve(organization, '0.10'));
    await world.digestAll(organization);
    const document = readFileSync(new URL('../../../docs/AUDIT.md', import.meta.url), 'utf8');
    const [, statement = ''] = /```sql\n([^]*?;)\n```/.exec(document) ?? [];
    const [minute] = await world.minutes(organization);
    const { after, to, digest } = minute!;
    const { rows } = await world.admin.query<[string]>({
      text: statement
        .replace(":'organization'", `'${organization}'`)
        .replace(':after', String(after))
        .replace(':to', String(to))
        .replace(/array_to_json\(([^]*?)\]\)\n/, 'array_to_json($1])::text\n'),
      rowMode: 'array',
    });
    const hash = createHash('sha256');
    for (const [line] of rows) hash.update(`${line}\n`);
    expect(hash.digest('hex')).toBe(digest);
  });

  test('stands, whatever becomes of the reservations later', async () => {
    const organization = await world.organization();
    const [late] = [
      await world.reserve(organization, '3', new Date(Date.now() - 1_000)),
      await world.reserve(organization, '4', new Date(Date.now() - 1_000)),
    ];
    await world.sweep();
    await world.digestAll(organization);
    await world.settle(organization, late, '2');
    await world.digestAll(organization);
    const minutes = await world.minutes(organization);
    expect(minutes.flatMap(({ totals }) => totals)).toEqual(expect.arrayContaining(['settled 1 2 USD']));
    expect(minutes.reduce((sum, { changes }) => sum + changes, 0)).toBe(5);
    expect((await world.check(organization)).found).toEqual([]);
  });

  test('is written for each minute, also when nobody was there to write it at the time', async () => {
    const organization = await world.organization();
    const numbers = await journalOf(organization, [
      '2026-01-01T10:00:59.999Z',
      '2026-01-01T10:01:00Z',
      '2026-01-01T10:01:59.9999Z',
      '2026-01-01T10:45:00Z',
    ]);
    await world.digestAll(organization);
    expect((await world.minutes(organization)).map(({ minute, after, to }) => ({ minute, after, to }))).toEqual([
      { minute: '2026-01-01T10:00:00.000Z', after: 0, to: numbers[0] },
      { minute: '2026-01-01T10:01:00.000Z', after: numbers[0], to: numbers[2] },
      { minute: '2026-01-01T10:45:00.000Z', after: numbers[2], to: numbers[3] },
    ]);
  });

  test('takes every change once where moments do not follow numbers, and where the clock was set back', async () => {
    const organization = await world.organization();
    const numbers = await journalOf(organization, [
      '2026-01-01T10:00:59.9999Z',
      '2026-01-01T10:01:00.0001Z',
      '2026-01-01T10:00:59.9998Z',
      '2026-01-01T10:01:30Z',
      '2026-01-01T09:00:00Z',
    ]);
    await world.digestAll(organization);
    expect((await world.minutes(organization)).map(({ minute, to, changes }) => ({ minute, to, changes }))).toEqual([
      { minute: '2026-01-01T10:00:00.000Z', to: numbers[2], changes: 3 },
      { minute: '2026-01-01T10:01:00.000Z', to: numbers[4], changes: 2 },
    ]);
  });

  test('is not written before the minute is over, and never for a minute in which nothing happened', async () => {
    const organization = await world.organization();
    expect(await world.digests.step(organization, await world.cutHere())).toBe(false);
    await world.reserve(organization);
    const { last, at } = await world.cut();
    expect(await world.digests.step(organization, { last, at: new Date(at.getTime() - 60_000) })).toBe(false);
    expect(await world.minutes(organization)).toEqual([]);
    await world.digestAll(organization);
    await world.digestAll(organization);
    expect(await world.minutes(organization)).toHaveLength(1);
  });

  test('is of one organization, and is looked for where there is one to write', async () => {
    const [one, other] = [await world.organization(), await world.organization()];
    await journalOf(one, ['2026-01-01T10:00:00Z']);
    await world.reserve(other);
    const worker = world.worker();
    let due: string[] = [];
    while (!due.includes(one)) due = await worker.due();
    expect(await worker.step(one)).toBe(true);
    expect(await worker.step(one)).toBe(false);
    expect(await worker.due()).not.toContain(one);
    expect(await world.minutes(one)).toHaveLength(1);
    expect(await world.minutes(other)).toEqual([]);
  });
});

describe('a transaction that is still under way', () => {
  test('holds back the digest of what it may still add to, and of nothing that was committed before it began', async () => {
    const organization = await world.organization();
    const before = await world.reserve(organization);
    const early = await world.cutHere();
    const slow = new Client({ connectionString: world.log.place.adminUrl });
    await slow.connect();
    await slow.query('begin');
    await slow.query(
      `insert into countersign.reservations (id, organization_id, request, team_id, person_id, amount, currency, periods, leases, created_at, expires_at)
       select gen_random_uuid(), organization_id, request, team_id, person_id, 7, currency, periods, leases, created_at, expires_at from countersign.reservations where id = $1`,
      [before],
    );
    await world.reserve(organization, '8');
    const worker = world.worker();
    for (let look = 0; look < 20; look += 1) expect(await worker.due()).toEqual([]);
    while (await world.digests.step(organization, early));
    expect((await world.minutes(organization)).map(({ changes }) => changes)).toEqual([1]);

    await slow.query('commit');
    await slow.end();
    await world.digestAll(organization);
    const minutes = await world.minutes(organization);
    expect(minutes.slice(1).flatMap(({ totals }) => totals)).toEqual(['held 2 15 USD']);
    expect((await world.check(organization)).found).toEqual([]);
  });

  test('that is taken back leaves a gap between numbers, and nothing to wait for', async () => {
    const organization = await world.organization();
    const first = await world.reserve(organization);
    await world.admin.query('begin');
    await world.admin.query('update countersign.reservations set late = true where id = $1', [first]);
    await world.admin.query('rollback');
    await world.reserve(organization);
    await world.digestAll(organization);
    const minutes = await world.minutes(organization);
    expect(minutes.reduce((sum, { changes }) => sum + changes, 0)).toBe(2);
    expect((await world.check(organization)).found).toEqual([]);
  });
});
