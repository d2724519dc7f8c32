import type { EntityManager } from '@mikro-orm/postgresql';

/** How many changes there are after a number. */
export async function countUndigested(em: EntityManager, organization: string, after: number): Promise<number> {
  const [row] = await em.execute<{ n: string }[]>(
    'select count(*) as n from countersign.reservation_changes where organization_id = ? and number > ?',
    [organization, after],
  );
  return Number(row!.n);
}

/** A row that the journal and the reservations do not agree about. */
export interface Unrecorded {
  readonly id: string;
  readonly what: 'reservation' | 'change';
}

/** One statement, and so one moment: a reservation and its change are committed together. */
const UNRECORDED = `
  with latest as (
    select distinct on (reservation_id) reservation_id, number, state from countersign.reservation_changes
    where organization_id = ? order by reservation_id, number desc
  )
  (select r.id::text as id, 'reservation' as what
   from countersign.reservations r left join latest on latest.reservation_id = r.id
   where r.organization_id = ? and r.state is distinct from latest.state order by r.id limit ?)
  union all
  (select latest.number::text, 'change'
   from latest left join countersign.reservations r on r.id = latest.reservation_id and r.organization_id = ?
   where r.id is null order by latest.number limit ?)`;

/** Reservations that are not what their last change says, and changes of reservations that are not there. */
export function findUnrecorded(em: EntityManager, organization: string, most: number): Promise<Unrecorded[]> {
  return em.execute<Unrecorded[]>(UNRECORDED, [organization, organization, most, organization, most]);
}
