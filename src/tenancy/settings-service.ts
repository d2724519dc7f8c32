import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, NotFound, ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { checkIfMatch } from '../platform/http/etag.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { demand } from './authorize.ts';
import { calendarByName, putCalendar } from './calendars.ts';
import {
  BillingSettings,
  type BillingSettingsDocument,
  type CalendarVersion,
  Organization,
  type OrganizationSettings,
} from './entities.ts';
import { type ApprovalHierarchy, approvalHierarchy } from './hierarchy.ts';
import { makeOrganization, organizationById } from './organizations.ts';
import { openRecipients, sealRecipients } from './report-recipients.ts';
import type { Calendar } from './rules/business-time.ts';
import { mergeSettings, type SettingsChange } from './rules/merge-settings.ts';
import { demandSharers } from './cost-settings.ts';
import { teamByAlias, teamPath } from './teams.ts';

/** `monthly_budget` is no setting that is stored, but the amount of a budget. */
export type BillingSettingsChange = Omit<SettingsChange<BillingSettingsDocument>, 'reporting'> & {
  readonly monthly_budget?: string | null | undefined;
  readonly reporting?:
    | (SettingsChange<Omit<NonNullable<BillingSettingsDocument['reporting']>, 'sealed_recipients'>> & {
        readonly recipients?: readonly string[] | null | undefined;
      })
    | null
    | undefined;
};

export interface BillingSettingsView {
  readonly own: BillingSettingsDocument;
  readonly effective: ApprovalHierarchy | null;
  readonly monthlyBudget: string | null;
  readonly recipients: readonly string[];
  readonly version: number;
}

/** What stands on billing settings, and is built above this room. */
export interface BillingBudgets {
  /** The amount of the team's budget named `monthly`; null where there is none. */
  monthlyBudget(em: EntityManager, team: string): Promise<string | null>;
  /** Told after every change, in its transaction. @param monthlyBudget undefined: stays as it is */
  settingsChanged(tx: Transaction, team: string, monthlyBudget: string | null | undefined): Promise<void>;
}

/** Whoever has to do something when settings change, and is built above this room. Told in the transaction of the change. */
export interface SettingsFollower {
  billingChanged?(tx: Transaction, team: string, fields: readonly string[]): Promise<void> | void;
  organizationChanged?(tx: Transaction, fields: readonly string[]): Promise<void> | void;
}

/** Settings of organizations and teams, and the calendars that deadlines count in. */
export class SettingsService {
  readonly #work: UnitOfWork;
  readonly #budgets: BillingBudgets;
  readonly #followers: readonly SettingsFollower[];

  constructor(work: UnitOfWork, budgets: BillingBudgets, followers: readonly SettingsFollower[] = []) {
    this.#work = work;
    this.#budgets = budgets;
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
      row.settings = mergeSettings(row.settings, change);
      row.version += 1;
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

  async readBilling(caller: Caller, teamAlias: string): Promise<BillingSettingsView> {
    return this.#work.read(caller.organization, async (em) => {
      const path = await teamPath(em, caller.organization, (await teamByAlias(em, caller.organization, teamAlias)).id);
      demand(caller, 'billing.read', path);
      const team = path[0] ?? '';
      const row = await em.findOne(BillingSettings, { team });
      return this.#billingView(em, caller, path, row);
    });
  }

  async changeBilling(
    caller: Caller,
    origin: Origin,
    teamAlias: string,
    { monthly_budget: monthlyBudget, ...change }: BillingSettingsChange,
    ifMatch: string | null,
  ): Promise<BillingSettingsView> {
    return this.#work.write(origin, async (tx) => {
      const team = await teamByAlias(tx.em, caller.organization, teamAlias);
      const path = await teamPath(tx.em, caller.organization, team.id);
      demand(caller, 'billing.manage', path);
      await demandSharers(tx.em, caller.organization, Object.keys(change.cost_allocation?.shares ?? {}));
      // Reports tell their recipients what only those may see who read billing.
      if (change.reporting !== undefined) demand(caller, 'billing.read', path);
      await tx.em.lock(team, LockMode.PESSIMISTIC_WRITE);
      const existing = await tx.em.findOne(BillingSettings, { team: team.id });
      checkIfMatch(ifMatch, existing?.version ?? 0);
      const row =
        existing ??
        tx.em.create(BillingSettings, {
          id: newId(tx.at),
          organization: caller.organization,
          team: team.id,
          settings: {},
          version: 0,
          updatedAt: tx.at,
        });
      row.settings = mergeSettings(row.settings, await this.#sealed(tx.em, caller.organization, team.id, change));
      row.version += 1;
      row.updatedAt = tx.at;
      await tx.em.persist(row).flush();
      tx.record({
        action: 'billing.settings_changed',
        resource: { type: 'team', id: team.id },
        team: team.id,
        detail: {
          version: row.version,
          fields: [...Object.keys(change), ...(monthlyBudget === undefined ? [] : ['monthly_budget'])],
        },
      });
      await this.#budgets.settingsChanged(tx, team.id, monthlyBudget);
      for (const follower of this.#followers) await follower.billingChanged?.(tx, team.id, Object.keys(change));
      return this.#billingView(tx.em, caller, path, row);
    });
  }

  async #billingView(
    em: EntityManager,
    { organization }: Caller,
    path: readonly string[],
    row: BillingSettings | null,
  ): Promise<BillingSettingsView> {
    const team = path[0] ?? '';
    const own = row?.settings ?? {};
    return {
      own,
      effective: await approvalHierarchy(em, path),
      monthlyBudget: await this.#budgets.monthlyBudget(em, team),
      recipients: await openRecipients(em, this.#work.vault, organization, team, own.reporting),
      version: row?.version ?? 0,
    };
  }

  async #sealed(
    em: EntityManager,
    organization: string,
    team: string,
    { reporting, ...change }: Omit<BillingSettingsChange, 'monthly_budget'>,
  ): Promise<SettingsChange<BillingSettingsDocument>> {
    if (!reporting) return { ...change, reporting };
    const { recipients, ...rest } = reporting;
    const sealed = recipients ? await sealRecipients(em, this.#work.vault, organization, team, recipients) : recipients;
    return { ...change, reporting: { ...rest, sealed_recipients: sealed } };
  }
}
