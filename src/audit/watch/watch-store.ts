import type { EntityManager } from '@mikro-orm/postgresql';
import type { BareDatabase } from '../../platform/database/bare.ts';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import { type AccessState, NOTHING_SEEN } from '../rules/watch/access-state.ts';

/** Where a person's state is sealed to: it opens in no other row. */
const statePlace = (person: string) => `audit_access_states.state:${person}`;

/**
 * Locks how far a log was looked through until the transaction ends.
 * @returns the leaf index to go on with; null where somebody else is at it
 */
export async function lockCursor(em: EntityManager, organization: string, at: Date): Promise<number | null> {
  await em.execute(
    'insert into countersign.audit_watches (organization_id, next_index, updated_at) values (?, 0, ?) on conflict do nothing',
    [organization, at.toISOString()],
    'run',
  );
  const [row] = await em.execute<{ next_index: string }[]>(
    'select next_index from countersign.audit_watches where organization_id = ? for update skip locked',
    [organization],
  );
  return row ? Number(row.next_index) : null;
}

export async function moveCursor(em: EntityManager, organization: string, next: number, at: Date): Promise<void> {
  await em.execute(
    'update countersign.audit_watches set next_index = ?, updated_at = ? where organization_id = ?',
    [next, at.toISOString(), organization],
    'run',
  );
}

/**
 * What is remembered of people; of whom nothing is, `NOTHING_SEEN`.
 * @param keys theirs; whoever has none any more was erased, and is not in the map
 */
export async function readStates(
  em: EntityManager,
  organization: string,
  people: readonly string[],
  keys: UnlockedKeys,
): Promise<Map<string, AccessState>> {
  const living = people.filter((person) => keys.has(person));
  if (living.length === 0) return new Map();
  const rows = await em.execute<{ person_id: string; state: Buffer }[]>(
    'select person_id, state from countersign.audit_access_states where organization_id = ? and person_id in (?)',
    [organization, living],
  );
  const stored = new Map(rows.map((row) => [row.person_id, keys.open(row.state, statePlace(row.person_id))]));
  return new Map(
    living.map((person) => {
      const text = stored.get(person);
      return [person, text ? { ...NOTHING_SEEN, ...(JSON.parse(text) as Partial<AccessState>) } : NOTHING_SEEN];
    }),
  );
}

/** In the order of their ids, so that nobody waits for somebody who waits for them. */
const WRITE = `
  insert into countersign.audit_access_states (organization_id, person_id, state, updated_at)
  select p.organization_id, p.id, decode(seen.state, 'base64'), ?::timestamptz
  from json_to_recordset(?::json) as seen (person uuid, state text) join countersign.people p on p.id = seen.person and p.organization_id = ? order by p.id
  on conflict (organization_id, person_id) do update set state = excluded.state, updated_at = excluded.updated_at`;

/** @param keys those of everybody */
export async function writeStates(
  em: EntityManager,
  organization: string,
  states: ReadonlyMap<string, AccessState>,
  keys: UnlockedKeys,
  at: Date,
): Promise<void> {
  if (states.size === 0) return;
  const rows = [...states].map(([person, state]) => ({
    person,
    state: keys.seal(person, statePlace(person), JSON.stringify(state)).toString('base64'),
  }));
  await em.execute(WRITE, [at.toISOString(), JSON.stringify(rows), organization], 'run');
}

/** Logs that have grown since they were looked through, and the first entry of each that was not. */
const UNWATCHED = `
  from countersign.audit_logs l left join countersign.audit_watches w using (organization_id)
  left join countersign.audit_leaves first on first.organization_id = l.organization_id and first.leaf_index = coalesce(w.next_index, 0)
  where l.size > coalesce(w.next_index, 0)`;

/** The organizations whose logs have grown since they were looked through, whose has waited longest first. @throws Unavailable */
export async function organizationsToWatch(database: BareDatabase): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select l.organization_id as id ${UNWATCHED} order by first.at, l.organization_id`,
  );
  return rows.map(({ id }) => id);
}

/** The age of the oldest sealed entry that nobody has looked through for unusual access, in seconds; 0 where there is none. @throws Unavailable */
export async function oldestUnwatched(database: BareDatabase): Promise<number> {
  const [row] = await database.query<{ seconds: number | null }>(
    `select extract(epoch from clock_timestamp() - min(first.at))::float8 as seconds ${UNWATCHED}`,
  );
  return Math.max(0, row?.seconds ?? 0);
}
