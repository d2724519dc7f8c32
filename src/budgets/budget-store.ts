import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest } from '../platform/errors.ts';
import { checkIfMatch } from '../platform/http/etag.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { Budget } from './entities.ts';
import type { PeriodBook } from './period-book.ts';
import { tellOfTerms } from './period-functions.ts';
import type { ExceededAction, PeriodKind } from './rules.ts';

/** A budget as it is to be from now on; internal ids, amounts as decimals. */
export interface WantedBudget {
  readonly team: string;
  readonly name: string;
  readonly person: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly period: PeriodKind;
  readonly timezone: string | null;
  readonly warningThreshold: string | null;
  readonly exceededAction: ExceededAction | null;
}

export function budgetOf(em: EntityManager, team: string, name: string): Promise<Budget | null> {
  return em.findOne(Budget, { team, name, retiredAt: null });
}

/**
 * Makes a budget or changes it, and brings its current period in step. Nothing is booked in the organization meanwhile.
 * @returns whether it was made
 * @throws InvalidRequest for another currency than it had
 */
export async function putBudget(
  tx: Transaction,
  book: PeriodBook,
  wanted: WantedBudget,
  ifMatch: string | null,
): Promise<{ budget: Budget; made: boolean }> {
  const { em, at, origin } = tx;
  await book.lock(em);
  const stored = await em.findOne(
    Budget,
    { team: wanted.team, name: wanted.name },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  const live = stored !== null && stored.retiredAt == null;
  checkIfMatch(ifMatch, live ? stored.version : 0);
  if (stored && stored.currency !== wanted.currency)
    throw new InvalidRequest([
      {
        path: 'amount.currency',
        message: `must stay ${stored.currency}: what was spent is counted in it. Make a budget of another name`,
      },
    ]);
  const turn = {
    isRescoped: stored !== null && isRescoped(stored, wanted),
    beginsAnew: stored !== null && (!live || stored.period !== wanted.period),
  };
  const budget =
    stored ??
    em.create(Budget, {
      id: newId(at),
      organization: origin.organization,
      version: 0,
      createdAt: at,
      updatedAt: at,
      ...wanted,
    });
  Object.assign(budget, wanted, { version: budget.version + 1, updatedAt: at, retiredAt: null });
  await em.persist(budget).flush();
  await book.bringUpToDate(em, budget, at, turn);
  await book.announce(em, origin.organization);
  const team = wanted.team === origin.organization ? null : wanted.team;
  tx.record({
    action: live ? 'budget.changed' : 'budget.made',
    resource: { type: 'budget', id: budget.id },
    team,
    detail: { version: budget.version, amount: wanted.amount, currency: wanted.currency, period: wanted.period },
  });
  return { budget, made: !live };
}

/**
 * Takes a budget back: it holds nobody up any more. What it counted stays, and goes on where it is made again; what it has told is
 * told anew then.
 * @returns false where there is none
 * @throws ProblemError `precondition-failed`
 */
export async function retireBudget(
  tx: Transaction,
  book: PeriodBook,
  { team, name }: Pick<WantedBudget, 'team' | 'name'>,
  ifMatch: string | null,
): Promise<boolean> {
  const { em, at, origin } = tx;
  await book.lock(em);
  const budget = await em.findOne(Budget, { team, name, retiredAt: null }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!budget) return false;
  checkIfMatch(ifMatch, budget.version);
  budget.retiredAt = at;
  budget.version += 1;
  await em.flush();
  const current = await book.current(em, budget.id, at);
  if (current) await tellOfTerms(em, current.id, at);
  await em.execute(
    `update countersign.budget_periods set exceeded_action = 'notify', warn_at = null, noted = 2, measure = null where budget_id = ? and ends_at > ?::timestamptz`,
    [budget.id, at],
  );
  await book.announce(em, origin.organization);
  tx.record({
    action: 'budget.removed',
    resource: { type: 'budget', id: budget.id },
    team: team === origin.organization ? null : team,
    detail: { version: budget.version },
  });
  return true;
}

function isRescoped(stored: Budget, wanted: WantedBudget): boolean {
  return (
    (stored.person ?? null) !== wanted.person ||
    (stored.provider ?? null) !== wanted.provider ||
    (stored.model ?? null) !== wanted.model
  );
}
