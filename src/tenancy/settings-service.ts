import { LockMode } from '@mikro-orm/core';
import { InvalidRequest, NotFound, ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { checkIfMatch } from '../platform/http/etag.ts';
import { decodeCursor, type Page, pageFrom } from '../platform/http/pagination.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { demand } from './authorize.ts';
import { calendarByName, listCalendars, putCalendar } from './calendars.ts';
import { type CalendarVersion, Organization, type OrganizationSettings } from './entities.ts';
import { makeOrganization, organizationById } from './organizations.ts';
import { noteCalendarChange } from './reporting.ts';
import type { Calendar } from './rules/business-time.ts';
import { mergeSettings, type SettingsChange } from './rules/merge-settings.ts';

/** Whoever has to do something when settings change, and is built above this room. Told in the transaction of the change. */
export interface SettingsFollower {
  billingChanged?(tx: Transaction, team: string, fields: readonly string[]): Promise<void> | void;
  organizationChanged?(tx: Transaction, fields: readonly string[]): Promise<void> | void;
}

/** Settings of organizations, and the calendars that deadlines count in. */
export class SettingsService {
  readonly #work: UnitOfWork;
  readonly #followers: readonly SettingsFollower[];

  constructor(work: UnitOfWork, followers: readonly SettingsFollower[] = []) {
    this.#work = work;
    this.#followers = followers;
  }

  /** @throws ProblemError `forbidden` for any key but the operator's */
  async makeOrganization(
    caller: Caller,
    origin: Origin,
    id: string,
    name: string,
    repeated: boolean,
  ): Promise<{ id: string; name: string; ownerKey: string | null }> {
    if (caller.kind !== 'operator') throw new ProblemError('forbidden', 'Only the operator’s key makes organizations.');
    return this.#work.write({ ...origin, organization: id }, async (tx) => {
      const done = repeated ? await tx.em.findOne(Organization, { id }) : null;
      if (done) return { id, name: done.name, ownerKey: null };
      const { secret } = makeOrganization(tx, this.#work.vault, { name, ownerKind: 'owner' });
      return { id, name, ownerKey: secret };
    });
  }

  readOrganization(caller: Caller): Promise<Organization> {
    return this.#work.read(caller.organization, (em) => organizationById(em, caller.organization));
  }

  async changeOrganization(
    caller: Caller,
    origin: Origin,
    change: SettingsChange<OrganizationSettings>,
    ifMatch: string | null,
  ): Promise<Organization> {
    demand(caller, 'organization.manage', [caller.organization]);
    return this.#work.write(origin, async (tx) => {
      const row = await tx.em.findOneOrFail(
        Organization,
        { id: caller.organization },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      checkIfMatch(ifMatch, row.version);
      if (change.default_calendar && !(await calendarByName(tx.em, caller.organization, change.default_calendar))) {
        throw new InvalidRequest([
          { path: 'default_calendar', message: 'there is no such calendar in your organization' },
        ]);
      }
      const before = row.settings;
      row.settings = mergeSettings(before, change);
      row.version += 1;
      await noteCalendarChange(tx.em, row.id, [before, row.settings], tx.at);
      tx.record({
        action: 'organization.settings_changed',
        resource: { type: 'organization', id: row.id },
        detail: { version: row.version, fields: Object.keys(change) },
      });
      for (const follower of this.#followers) await follower.organizationChanged?.(tx, Object.keys(change));
      return row;
    });
  }

  async readCalendar(caller: Caller, name: string): Promise<CalendarVersion> {
    return this.#work.read(caller.organization, async (em) => {
      const calendar = await calendarByName(em, caller.organization, name);
      if (!calendar) throw new NotFound('calendar');
      return calendar;
    });
  }

  async listCalendars(
    caller: Caller,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<Page<CalendarVersion>> {
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const rows = await listCalendars(em, caller.organization, { after, limit: query.limit + 1 });
      return pageFrom(rows, query.limit, ({ newest }) => newest);
    });
  }

  async putCalendar(
    caller: Caller,
    origin: Origin,
    name: string,
    calendar: Calendar,
    ifMatch: string | null,
  ): Promise<CalendarVersion> {
    demand(caller, 'organization.manage', [caller.organization]);
    return this.#work.write(origin, (tx) => putCalendar(tx, name, calendar, ifMatch));
  }
}
