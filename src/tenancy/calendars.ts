import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { checkIfMatch } from '../platform/http/etag.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { CalendarVersion, Organization } from './entities.ts';
import type { Calendar } from './rules/business-time.ts';

/** The newest version of a calendar, or null. */
export async function calendarByName(
  em: EntityManager,
  organization: string,
  name: string,
): Promise<CalendarVersion | null> {
  return em.findOne(CalendarVersion, { organization, name }, { orderBy: { version: 'desc' } });
}

/** A calendar as it is now, listed by the id of its first version: that one never changes. */
export interface ListedCalendar {
  readonly id: string;
  readonly newest: CalendarVersion;
}

/** Every calendar in its newest version, in the order in which they were made. */
export async function listCalendars(
  em: EntityManager,
  organization: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<ListedCalendar[]> {
  const rows = await em.execute<{ id: string; newest: string }[]>(
    `select (array_agg(id order by version))[1] as id, (array_agg(id order by version desc))[1] as newest
       from countersign.calendar_versions where organization_id = ? group by name
       having ?::uuid is null or (array_agg(id order by version))[1] > ? order by 1 limit ?`,
    [organization, after, after, limit],
  );
  const versions = await em.find(CalendarVersion, { id: { $in: rows.map(({ newest }) => newest) } });
  const byId = new Map(versions.map((version) => [version.id, version]));
  return rows.flatMap(({ id, newest }) => {
    const version = byId.get(newest);
    return version ? [{ id, newest: version }] : [];
  });
}

/**
 * Stores a calendar as a new version; deadlines that were counted with an older one stay as they are.
 * @param ifMatch entity tags of the versions that may be followed by this one; null: any
 * @throws ProblemError `precondition-failed`
 */
export async function putCalendar(
  tx: Transaction,
  name: string,
  calendar: Calendar,
  ifMatch: string | null,
): Promise<CalendarVersion> {
  const { em, origin, at } = tx;
  // Two changes at once become two versions, one after the other.
  await em.findOne(Organization, { id: origin.organization }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const newest = await calendarByName(em, origin.organization, name);
  checkIfMatch(ifMatch, newest?.version ?? 0);
  const row = em.create(CalendarVersion, {
    id: newId(at),
    organization: origin.organization,
    name,
    version: (newest?.version ?? 0) + 1,
    timezone: calendar.timezone,
    days: [...calendar.days],
    hours: { ...calendar.hours },
    holidays: [...calendar.holidays],
    createdAt: at,
  });
  em.persist(row);
  tx.record({
    action: 'calendar.versioned',
    resource: { type: 'calendar', id: row.id },
    detail: { version: row.version },
  });
  return row;
}

/** The newest versions of the calendars with these names, for the rules. */
export async function calendarsByName(
  em: EntityManager,
  organization: string,
  names: Iterable<string>,
): Promise<Map<string, Calendar>> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0) return new Map();
  const rows = await em.find(CalendarVersion, { organization, name: { $in: wanted } }, { orderBy: { version: 'asc' } });
  return new Map(
    rows.map((row) => [row.name, { timezone: row.timezone, days: row.days, hours: row.hours, holidays: row.holidays }]),
  );
}
