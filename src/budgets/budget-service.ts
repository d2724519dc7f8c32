import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../platform/clock.ts';
import { InvalidRequest, NotFound } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../platform/http/pagination.ts';
import { exactly, formatAmount } from '../platform/money.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import {
  currencyOf,
  demand,
  type People,
  type Profiles,
  teamBillingSettings,
  teamByAlias,
  teamPath,
  teamsUpwards,
} from '../tenancy/service.ts';
import { accountsOf } from './accounts.ts';
import { budgetOf, putBudget, retireBudget } from './budget-store.ts';
import { budgetsAt } from './budgets-at.ts';
import { Budget, BudgetOverride } from './entities.ts';
import { demandWholeMonth, tellSettings } from './monthly-budget.ts';
import type { PeriodBook } from './period-book.ts';
import { timezoneOf } from './period-facts.ts';
import type { PeriodFigures } from './queries.ts';
import { type AlertSettings, type ExceededAction, type PeriodKind } from './rules.ts';

/** As a caller writes it. */
export interface BudgetChange {
  readonly scope: {
    readonly user_id?: string | undefined;
    readonly provider?: string | undefined;
    readonly model?: string | undefined;
  };
  readonly amount: { readonly value: string; readonly currency: string };
  readonly period: PeriodKind;
  readonly timezone: string | null;
  readonly warningThreshold: number | null;
  readonly exceededAction: ExceededAction | null;
}

export interface OverrideRequest {
  readonly amount: { readonly value: string; readonly currency: string };
  readonly until: Date | null;
  readonly reason: string;
}

/** A budget with everything that is shown of it. */
export interface BudgetView {
  readonly budget: Budget;
  readonly figures: PeriodFigures;
  readonly timezone: string;
  readonly alerts: AlertSettings;
  readonly profiles: Profiles;
}

/** Whoever has more lists them. */
const MOST_BUDGETS_SHOWN = 200;

interface BudgetParts {
  readonly work: UnitOfWork;
  readonly people: People;
  readonly book: PeriodBook;
  readonly clock: Clock;
}

/** Budgets of teams (by alias) and of the whole organization (`null`). */
export class BudgetService {
  readonly #parts: BudgetParts;

  constructor(parts: BudgetParts) {
    this.#parts = parts;
  }

  async put(
    caller: Caller,
    origin: Origin,
    team: string | null,
    name: string,
    change: BudgetChange,
    ifMatch: string | null,
  ): Promise<{ view: BudgetView; made: boolean }> {
    const result = await this.#parts.work.write(origin, async (tx) => {
      const path = await pathOf(tx.em, caller, team);
      demand(caller, 'billing.manage', path);
      await demandCurrency(tx.em, caller, path[0]!, change.amount.currency);
      const person =
        change.scope.user_id === undefined ? null : await this.#personOf(tx.em, caller, change.scope.user_id);
      const { scope, amount, period, timezone, exceededAction } = change;
      if (team !== null) demandWholeMonth(name, change);
      await tellSettings(tx, path[0]!, name, amount.value);
      return putBudget(
        tx,
        this.#parts.book,
        {
          team: path[0]!,
          name,
          person,
          provider: scope.provider ?? null,
          model: scope.model ?? null,
          amount: amount.value,
          currency: amount.currency,
          period,
          timezone,
          warningThreshold: change.warningThreshold?.toFixed(2) ?? null,
          exceededAction,
        },
        ifMatch,
      );
    });
    return { made: result.made, view: await this.read(caller, team, name, 'billing.manage') };
  }

  async read(
    caller: Caller,
    team: string | null,
    name: string,
    permission: 'billing.read' | 'billing.manage' = 'billing.read',
  ): Promise<BudgetView> {
    const found = await this.#read(caller, team, permission, async (em, id) => {
      const budget = await budgetOf(em, id, name);
      if (!budget) throw new NotFound('budget');
      return [budget];
    });
    return found[0]!;
  }

  async list(
    caller: Caller,
    team: string | null,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<Page<BudgetView>> {
    const after = decodeCursor(query.cursor);
    const views = await this.#read(caller, team, 'billing.read', (em, id) => {
      return em.find(
        Budget,
        { team: id, retiredAt: null, ...(after ? { id: { $gt: after } } : {}) },
        { orderBy: { id: 'asc' }, limit: query.limit + 1 },
      );
    });
    return pageFrom(
      views.map((view) => ({ id: view.budget.id, view })),
      query.limit,
      ({ view }) => view,
    );
  }

  /** @throws NotFound; ProblemError `precondition-failed` */
  async remove(
    caller: Caller,
    origin: Origin,
    team: string | null,
    name: string,
    ifMatch: string | null,
  ): Promise<void> {
    await this.#parts.work.write(origin, async (tx) => {
      const path = await pathOf(tx.em, caller, team);
      demand(caller, 'billing.manage', path);
      await tellSettings(tx, path[0]!, name, null);
      if (!(await retireBudget(tx, this.#parts.book, { team: path[0]!, name }, ifMatch))) throw new NotFound('budget');
    });
  }

  /** Raises the limit of the current period, on the record. */
  async override(
    caller: Caller,
    origin: Origin,
    team: string | null,
    name: string,
    wanted: OverrideRequest,
    operation: { id: string; repeated: boolean },
  ): Promise<BudgetView> {
    const { work, book } = this.#parts;
    await work.write(origin, async (tx) => {
      const { em, at } = tx;
      const path = await pathOf(em, caller, team);
      demand(caller, 'billing.manage', path);
      if (operation.repeated && (await em.count(BudgetOverride, { id: operation.id })) > 0) return;
      if (wanted.until !== null && wanted.until <= at)
        throw new InvalidRequest([{ path: 'until', message: 'must lie ahead' }]);
      await book.lock(em);
      const budget = await budgetOf(em, path[0]!, name);
      if (!budget) throw new NotFound('budget');
      if (budget.currency !== wanted.amount.currency)
        throw new InvalidRequest([{ path: 'amount.currency', message: `must be the budget’s, ${budget.currency}` }]);
      const period = (await book.current(em, budget.id, at))?.id ?? (await book.bringUpToDate(em, budget, at));
      const author = caller.person ?? caller.organization;
      const keys = await work.vault.unlock(em, caller.organization, [author]);
      await em.insert(BudgetOverride, {
        id: operation.id,
        organization: caller.organization,
        budget: budget.id,
        period,
        amount: wanted.amount.value,
        until: wanted.until,
        createdAt: at,
        actor: origin.actor.id,
        reason: keys.seal(author, `budget_overrides.reason:${operation.id}`, wanted.reason),
      });
      await book.bringUpToDate(em, budget, at);
      await book.announce(em, caller.organization);
      tx.record({
        action: 'budget.overridden',
        resource: { type: 'budget', id: budget.id },
        team: team === null ? null : path[0]!,
        detail: {
          override: operation.id,
          amount: wanted.amount.value,
          currency: budget.currency,
          until: wanted.until?.toISOString() ?? null,
        },
      });
    });
    return this.read(caller, team, name, 'billing.manage');
  }

  #read(
    caller: Caller,
    team: string | null,
    permission: 'billing.read' | 'billing.manage',
    find: (em: EntityManager, team: string) => Promise<Budget[]>,
  ): Promise<BudgetView[]> {
    const { work, people, clock } = this.#parts;
    return work.read(caller.organization, async (em) => {
      const path = await pathOf(em, caller, team);
      demand(caller, permission, path);
      return viewsOf(em, people, caller.organization, path[0]!, await find(em, path[0]!), clock.now());
    });
  }

  /**
   * The budgets that a team had at a moment, as they stood then, in a transaction of somebody who has looked whether they may be
   * seen. Where there are very many, the first of them and all that count everything that is spent.
   * @param team internal id
   */
  async ofTeam(em: EntityManager, organization: string, team: string, at: Date): Promise<BudgetView[]> {
    const there = budgetsAt(team, at);
    const unscoped = { person: null, provider: null, model: null };
    const first = await em.find(Budget, there, { orderBy: { id: 'asc' }, limit: MOST_BUDGETS_SHOWN });
    const limiting = await em.find(Budget, { $and: [there, unscoped] }, { orderBy: { id: 'asc' } });
    const budgets = [...new Set([...first, ...limiting])];
    return viewsOf(em, this.#parts.people, organization, team, budgets, at);
  }

  async #personOf(em: EntityManager, caller: Caller, alias: string): Promise<string> {
    const person = (await this.#parts.people.idsOf(em, caller.organization, [alias])).get(alias);
    if (!person)
      throw new InvalidRequest([{ path: 'scope.user_id', message: 'there is no such user in your organization' }]);
    return person;
  }
}

/** @param team internal id of the team, or of the organization, that all of them belong to */
async function viewsOf(
  em: EntityManager,
  people: People,
  organization: string,
  team: string,
  budgets: readonly Budget[],
  at: Date,
): Promise<BudgetView[]> {
  const profiles = await people.profiles(
    em,
    organization,
    budgets.flatMap(({ person }) => (person ? [person] : [])),
  );
  const alerts = (await teamBillingSettings(em, team)).budget_alerts ?? {};
  const accounts = await accountsOf(em, budgets, alerts, at);
  const inherited = await timezoneOf(em, { organization, team, timezone: null });
  return budgets.map((budget) => ({
    budget,
    figures: accounts.get(budget.id)!,
    timezone: budget.timezone ?? inherited,
    alerts,
    profiles,
  }));
}

async function pathOf(em: EntityManager, caller: Caller, team: string | null): Promise<string[]> {
  return team === null
    ? [caller.organization]
    : teamPath(em, caller.organization, (await teamByAlias(em, caller.organization, team)).id);
}

/** Teams spend in their currency, so that a budget in another one would never count anything. @throws InvalidRequest */
async function demandCurrency(em: EntityManager, caller: Caller, team: string, currency: string): Promise<void> {
  if (team === caller.organization) return;
  const own = currencyOf(await teamsUpwards(em, team));
  if (own !== currency) throw new InvalidRequest([{ path: 'amount.currency', message: `must be the team’s, ${own}` }]);
}

/** An amount of the database as callers read it. */
export function amountText(value: string | null | undefined): string {
  return formatAmount(exactly(value ?? '0'));
}
