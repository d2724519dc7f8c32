import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../../platform/database/sql-arrays.ts';

/** Changes that no digest covers. */
export interface Undigested {
  readonly changes: number;
  /** How many of them are older than the time that was asked for. */
  readonly overdue: number;
  /** The largest number; 0 where there is none. */
  readonly last: number;
}

/** What there is after a number. */
export async function findUndigested(
  em: EntityManager,
  organization: string,
  { after, overdueAfterMs }: { after: number; overdueAfterMs: number },
): Promise<Undigested> {
  const [row] = await em.execute<{ changes: string; overdue: string; last: string | null }[]>(
    `select count(*) as changes, count(*) filter (where at < clock_timestamp() - make_interval(secs => ?)) as overdue, max(number) as last
     from countersign.reservation_changes where organization_id = ? and number > ?`,
    [overdueAfterMs / 1000, organization, after],
  );
  return { changes: Number(row!.changes), overdue: Number(row!.overdue), last: Number(row!.last ?? 0) };
}

/** Changes compared by one statement: some seconds' worth at most, however long the journal is. */
const CHANGES_AT_ONCE = 20_000;

const COMPARE = `
  with stretch as materialized (
    select number, reservation_id, state from countersign.reservation_changes where organization_id = ? and number > ? order by number limit ?
  ), latest as (
    select distinct on (reservation_id) reservation_id, number, state from stretch order by reservation_id, number desc
  ), compared as (
    select latest.reservation_id::text as id, latest.number::text as number, r.id is null as missing, r.state is distinct from latest.state as unlike
    from latest left join countersign.reservations r on r.id = latest.reservation_id and r.organization_id = ?
  )
  select (select max(number) from stretch) as "to", (select count(*)::int from stretch where state = 'held') as held,
    (select coalesce(json_agg(json_build_object('id', id, 'number', number, 'isMissing', missing)), '[]') from compared where unlike) as unlike,
    (select coalesce(json_agg(id), '[]') from compared where not unlike and id = any(?::text[])) as alike`;

/** A stretch of the journal beside the reservations as they are now. */
export interface ComparedStretch {
  readonly to: number;
  /** Changes by which a reservation was made. */
  readonly held: number;
  /** Reservations that are not what their last change in the stretch says, and that change. */
  readonly unlike: readonly { readonly id: string; readonly number: string; readonly isMissing: boolean }[];
  /** Of the suspected ones, those that are what their last change in the stretch says. */
  readonly alike: readonly string[];
}

/**
 * Compares the next changes of a journal with their reservations.
 * @param after the number that the stretch before ended with; 0: the first one
 * @param suspects reservations that are not what an earlier stretch said
 * @param most changes; unset: as many as one statement should take
 * @returns null where there are no changes (any more)
 */
export async function compareStretch(
  em: EntityManager,
  organization: string,
  after: number,
  suspects: readonly string[],
  most: number = CHANGES_AT_ONCE,
): Promise<ComparedStretch | null> {
  const [row] = await em.execute<(Omit<ComparedStretch, 'to'> & { to: string | null })[]>(COMPARE, [
    organization,
    after,
    most,
    organization,
    plainArray(suspects),
  ]);
  return row?.to == null ? null : { ...row, to: Number(row.to) };
}

/** There is no index by organization: parts of all ids, which are random, are counted one after the other. */
const PARTS = 64;

const COUNT = `select count(*)::int as n from countersign.reservations where organization_id = ? and id between ?::uuid and ?::uuid`;

/** How many reservations an organization has. */
export async function countReservations(em: EntityManager, organization: string): Promise<number> {
  let all = 0;
  for (let part = 0; part < PARTS; part += 1) {
    const [row] = await em.execute<{ n: number }[]>(COUNT, [organization, ...boundsOf(part)]);
    all += row!.n;
  }
  return all;
}

function boundsOf(part: number): [first: string, last: string] {
  const byte = (value: number) => value.toString(16).padStart(2, '0');
  const width = 256 / PARTS;
  return [
    `${byte(part * width)}000000-0000-0000-0000-000000000000`,
    `${byte((part + 1) * width - 1)}ffffff-ffff-ffff-ffff-ffffffffffff`,
  ];
}

const UNRECORDED = `
  select r.id::text as id from countersign.reservations r where r.organization_id = ? and not exists (
    select from countersign.reservation_changes c where c.organization_id = r.organization_id and c.reservation_id = r.id) order by r.id limit ?`;

/** Reservations that no change tells of. Reads everything there is: to be asked only where there are some. */
export async function findUnrecorded(em: EntityManager, organization: string, most: number): Promise<string[]> {
  return (await em.execute<{ id: string }[]>(UNRECORDED, [organization, most])).map(({ id }) => id);
}
