import type { EntityManager } from '@mikro-orm/postgresql';
import type { BareDatabase } from '../../platform/database/bare.ts';
import type { Cut } from './horizon.ts';
import type { Summary } from './summary.ts';

/** Changes after the first number, up to and with the second one. */
export interface Stretch {
  readonly after: number;
  readonly to: number;
}

const moment = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const whereSettled = (value: string) => `case c.state when 'settled' then ${value} end`;

/**
 * The line of a change, as it is hashed (docs/AUDIT.md, "Reservations"): an array of texts and nulls, which PostgreSQL
 * writes as RFC 8785 does. What a settlement brought belongs to its own line alone, though the row holds it from then on.
 */
const LINE = `array_to_json(array[
  c.number::text, ${moment('c.at')}, c.state, c.reservation_id::text, r.team_id::text, r.person_id::text, r.provider, r.model,
  trim_scale(r.amount)::text, r.currency, ${moment('r.created_at')}, ${moment('r.expires_at')}, encode(r.request, 'hex'),
  ${whereSettled('trim_scale(r.cost)::text')}, ${whereSettled('r.late::text')}, ${whereSettled('r.above_hold::text')},
  ${whereSettled(`encode(r.settlement, 'hex')`)}
])::text`;

/** One statement, and so one moment. */
const SUMMARY = `
  with changes as materialized (
    select c.number, c.state, coalesce(r.currency, '-') as currency,
      case c.state when 'settled' then r.cost else r.amount end as amount, ${LINE} || e'\\n' as line
    from countersign.reservation_changes c
    left join countersign.reservations r on r.id = c.reservation_id and r.organization_id = c.organization_id
    where c.organization_id = ? and c.number > ? and c.number <= ?
  ), totals as (
    select concat_ws(' ', state, count(*), trim_scale(coalesce(sum(amount), 0)), currency) as total from changes group by state, currency
  )
  select (select count(*)::int from changes) as changes,
    (select coalesce(json_agg(total order by total), '[]') from totals) as totals,
    (select encode(sha256(convert_to(coalesce(string_agg(line, '' order by number), ''), 'UTF8')), 'hex') from changes) as digest`;

/** What a stretch of the journal, and the reservations it tells of, come to now. */
export async function summaryOf(em: EntityManager, organization: string, { after, to }: Stretch): Promise<Summary> {
  const [row] = await em.execute<Summary[]>(SUMMARY, [organization, after, to]);
  const { changes, totals, digest } = row!;
  return { changes, totals, digest };
}

/** The first change after a number, up to another one; null where there is none. */
export async function firstChange(
  em: EntityManager,
  organization: string,
  { after, to }: Stretch,
): Promise<{ at: Date } | null> {
  const [row] = await em.execute<{ at: string }[]>(
    'select at from countersign.reservation_changes where organization_id = ? and number > ? and number <= ? order by number limit 1',
    [organization, after, to],
  );
  return row ? { at: new Date(row.at) } : null;
}

/** More would not be hashed within a moment and some hundred megabytes: the rest of such a minute gets a digest of its own. */
const CHANGES_AT_MOST = 250_000;

/**
 * The last change before a moment. Numbers and moments follow each other but for the instant between drawing the one and
 * reading the other: a second after the end, the look for more of the minute ends.
 */
const LAST_BEFORE = `
  select max(number) as number from (
    select number from countersign.reservation_changes
    where organization_id = ? and number > ? and number <= ? and at < ?::timestamptz and number < coalesce((
      select number from countersign.reservation_changes
      where organization_id = ? and number > ? and at >= ?::timestamptz + interval '1 second' order by number limit 1), ? + 1)
    order by number limit ${CHANGES_AT_MOST}) before`;

/** The number of the last change of a stretch that was made before a moment; there is at least one. */
export async function lastBefore(
  em: EntityManager,
  organization: string,
  { after, to }: Stretch,
  end: Date,
): Promise<number> {
  const at = end.toISOString();
  const [row] = await em.execute<{ number: string }[]>(LAST_BEFORE, [
    organization,
    after,
    to,
    at,
    organization,
    after,
    at,
    to,
  ]);
  return Number(row!.number);
}

/**
 * Locks how far a journal was digested until the transaction ends.
 * @returns the number of the last change that was; null where somebody else is at it
 */
export async function lockDigested(em: EntityManager, organization: string, at: Date): Promise<number | null> {
  await em.execute(
    'insert into countersign.reservation_digests (organization_id, digested_to, updated_at) values (?, 0, ?) on conflict do nothing',
    [organization, at.toISOString()],
    'run',
  );
  const [row] = await em.execute<{ digested_to: string }[]>(
    'select digested_to from countersign.reservation_digests where organization_id = ? for update skip locked',
    [organization],
  );
  return row ? Number(row.digested_to) : null;
}

export async function moveDigested(em: EntityManager, organization: string, to: number, at: Date): Promise<void> {
  await em.execute(
    'update countersign.reservation_digests set digested_to = ?, updated_at = ? where organization_id = ?',
    [to, at.toISOString(), organization],
    'run',
  );
}

/** The number of the last change that was digested; 0 where none was. */
export async function readDigested(em: EntityManager, organization: string): Promise<number> {
  const [row] = await em.execute<{ digested_to: string }[]>(
    'select digested_to from countersign.reservation_digests where organization_id = ?',
    [organization],
  );
  return Number(row?.digested_to ?? 0);
}

/** From one organization to the next in the journal's index, and of each the first change that was not digested. */
const UNDIGESTED = `
  with recursive known as (
    (select organization_id from countersign.reservation_changes order by organization_id limit 1)
    union all
    select (select c.organization_id from countersign.reservation_changes c where c.organization_id > known.organization_id order by c.organization_id limit 1)
    from known where known.organization_id is not null
  ), undigested as (
    select known.organization_id as id, first.number, first.at
    from known left join countersign.reservation_digests d using (organization_id)
    cross join lateral (
      select c.number, c.at from countersign.reservation_changes c
      where c.organization_id = known.organization_id and c.number > coalesce(d.digested_to, 0) order by c.number limit 1
    ) first
  )`;

/**
 * The organizations that have a minute to digest, whose has waited longest first.
 * @param database opened under `countersign_sealer`
 * @throws Unavailable
 */
export async function organizationsToDigest(database: BareDatabase, { last, at }: Cut): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `${UNDIGESTED} select id from undigested where number <= $1 and at < date_trunc('minute', $2::timestamptz) order by at, id`,
    [last, at],
  );
  return rows.map(({ id }) => id);
}

/**
 * The age of the oldest change that no digest covers, in seconds; 0 where there is none.
 * @param database opened under `countersign_sealer`
 * @throws Unavailable
 */
export async function oldestUndigested(database: BareDatabase): Promise<number> {
  const [row] = await database.query<{ seconds: number | null }>(
    `${UNDIGESTED} select extract(epoch from clock_timestamp() - min(at))::float8 as seconds from undigested`,
  );
  return Math.max(0, row?.seconds ?? 0);
}
