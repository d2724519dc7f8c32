import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Caller } from '../platform/http/caller.ts';
import { checkIfMatch } from '../platform/http/etag.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { demand, may } from './authorize.ts';
import { lockedBillingSettings } from './billing-settings-store.ts';
import { changeCostSettings } from './cost-sharing.ts';
import { BillingSettings, type BillingSettingsDocument } from './entities.ts';
import { type ApprovalHierarchy, approvalHierarchy } from './hierarchy.ts';
import type { People } from './people.ts';
import { namedBy, type NamedRecipient, recipientsOf } from './recipients.ts';
import { openRecipients, sealRecipients } from './report-recipients.ts';
import { mergeSettings, type SettingsChange } from './rules/merge-settings.ts';
import type { SettingsFollower } from './settings-service.ts';
import { withoutInherited } from './still-inherited.ts';
import { teamByAlias, teamPath } from './teams.ts';

/** `monthly_budget` is no setting that is stored, but the amount of a budget. */
export type BillingSettingsChange = Omit<SettingsChange<BillingSettingsDocument>, 'reporting'> & {
  readonly monthly_budget?: string | null | undefined;
  /** What the caller has read as inherited. */
  readonly inherited?: Readonly<Partial<Record<InheritedSetting, boolean | undefined>>> | undefined;
  readonly reporting?:
    | (SettingsChange<Omit<NonNullable<BillingSettingsDocument['reporting']>, 'sealed_recipients'>> & {
        readonly recipients?: readonly string[] | null | undefined;
      })
    | null
    | undefined;
};

type InheritedSetting = 'approval_hierarchy' | 'approval_hierarchy_mode';

export interface BillingSettingsView {
  readonly own: BillingSettingsDocument;
  readonly effective: ApprovalHierarchy | null;
  readonly monthlyBudget: string | null;
  /** Null: the caller may not see them. */
  readonly recipients: readonly string[] | null;
  readonly version: number;
}

/** What stands on billing settings, and is built above this room. */
export interface BillingBudgets {
  /** The amount of the team's budget named `monthly`; null where there is none. */
  monthlyBudget(em: EntityManager, team: string): Promise<string | null>;
  /** Told after every change, in its transaction. @param monthlyBudget undefined: stays as it is */
  settingsChanged(tx: Transaction, team: string, monthlyBudget: string | null | undefined): Promise<void>;
}

interface BillingSettingsParts {
  readonly work: UnitOfWork;
  readonly people: People;
  readonly budgets: BillingBudgets;
  readonly followers: readonly SettingsFollower[];
}

/** Billing settings of teams. */
export class BillingSettingsService {
  readonly #parts: BillingSettingsParts;

  constructor(parts: BillingSettingsParts) {
    this.#parts = parts;
  }

  /** @throws NotFound, Forbidden */
  async read(caller: Caller, teamAlias: string): Promise<BillingSettingsView> {
    return this.#parts.work.read(caller.organization, async (em) => {
      const path = await teamPath(em, caller.organization, (await teamByAlias(em, caller.organization, teamAlias)).id);
      demand(caller, 'billing.read', path);
      return this.#view(em, caller, path, await em.findOne(BillingSettings, { team: path[0] ?? '' }));
    });
  }

  /** @throws NotFound, Forbidden, InvalidRequest; ProblemError `precondition-failed` */
  async change(
    caller: Caller,
    origin: Origin,
    teamAlias: string,
    { monthly_budget: monthlyBudget, inherited = {}, ...asked }: BillingSettingsChange,
    ifMatch: string | null,
  ): Promise<BillingSettingsView> {
    const { work, budgets, followers } = this.#parts;
    return work.write(origin, async (tx) => {
      const team = await teamByAlias(tx.em, caller.organization, teamAlias);
      const path = await teamPath(tx.em, caller.organization, team.id);
      demand(caller, 'billing.manage', path);
      const holds = await approvalHierarchy(tx.em, path);
      const change = withoutInherited(asked, inherited, {
        approval_hierarchy: holds?.entries,
        approval_hierarchy_mode: holds?.mode ?? 'cumulative',
      });
      const fields = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      // Reports tell their recipients what only those may see who read billing.
      if (change.reporting !== undefined) demand(caller, 'billing.read', path);
      const stored = await lockedBillingSettings(tx, team.id);
      checkIfMatch(ifMatch, stored.version);
      const row = await this.#merge(tx, caller, stored, change);
      tx.record({
        action: 'billing.settings_changed',
        resource: { type: 'team', id: team.id },
        team: team.id,
        detail: {
          version: row.version,
          fields: [...fields, ...(monthlyBudget === undefined ? [] : ['monthly_budget'])],
        },
      });
      await budgets.settingsChanged(tx, team.id, monthlyBudget);
      for (const follower of followers) await follower.billingChanged?.(tx, team.id, fields);
      return this.#view(tx.em, caller, path, row);
    });
  }

  async #merge(
    tx: Transaction,
    caller: Caller,
    row: BillingSettings,
    { reporting, ...change }: Omit<BillingSettingsChange, 'monthly_budget' | 'inherited'>,
  ): Promise<BillingSettings> {
    const { team, settings: before } = row;
    const { recipients: addresses, ...rest } = reporting ?? {};
    const named = addresses && (await namedBy(tx.em, this.#parts.people, caller.organization, addresses));
    const sealed = named && (await sealRecipients(tx.em, this.#parts.work.vault, caller.organization, team, named));
    const settings = mergeSettings(before, {
      ...change,
      reporting: reporting && { ...rest, sealed_recipients: sealed },
    });
    const version = row.version + 1;
    await changeCostSettings(tx, caller, { team, version, before, after: settings });
    const isReportedOtherwise =
      before.reporting?.frequency !== settings.reporting?.frequency ||
      !isDeepStrictEqual(
        await this.#named(tx.em, caller.organization, team, before.reporting),
        await this.#named(tx.em, caller.organization, team, settings.reporting),
      );
    if (isReportedOtherwise) row.reportingSince = tx.at;
    Object.assign(row, { settings, version, updatedAt: tx.at });
    await tx.em.persist(row).flush();
    return row;
  }

  async #view(
    em: EntityManager,
    caller: Caller,
    path: readonly string[],
    row: BillingSettings | null,
  ): Promise<BillingSettingsView> {
    const team = path[0] ?? '';
    const own = row?.settings ?? {};
    return {
      own,
      effective: await approvalHierarchy(em, path),
      monthlyBudget: await this.#parts.budgets.monthlyBudget(em, team),
      recipients: may(caller, 'billing.read', path) ? await this.#addresses(em, caller.organization, team, own) : null,
      version: row?.version ?? 0,
    };
  }

  async #addresses(
    em: EntityManager,
    organization: string,
    team: string,
    { reporting }: BillingSettingsDocument,
  ): Promise<string[]> {
    const named = await this.#named(em, organization, team, reporting);
    return (await recipientsOf(em, this.#parts.people, organization, named)).map(({ email }) => email);
  }

  #named(
    em: EntityManager,
    organization: string,
    team: string,
    reporting: BillingSettingsDocument['reporting'],
  ): Promise<NamedRecipient[]> {
    return openRecipients(em, this.#parts.work.vault, organization, team, reporting);
  }
}
