import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { NotFound } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { isUuid } from '../../platform/ids.ts';
import type { Origin, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demand, teamByAlias, teamPath } from '../../tenancy/service.ts';
import { Budget, BudgetAlert } from '../entities.ts';
import { type AlertView, presentAlert } from './alert-view.ts';
import { teamOf } from './period-standing.ts';

/** More than anybody reads through; the oldest are left out. */
const SHOWN_AT_MOST = 100;

/**
 * Alerts of a team's own budgets that nobody has acknowledged, newest first.
 * @param team its internal id; the organization's for budgets of the whole organization
 */
export async function currentAlerts(em: EntityManager, team: string): Promise<AlertView[]> {
  const budgets = new Map((await em.find(Budget, { team })).map((budget) => [budget.id, budget]));
  const alerts = await em.find(
    BudgetAlert,
    { budget: { $in: [...budgets.keys()] }, acknowledgedAt: null },
    { orderBy: { createdAt: 'desc', id: 'desc' }, limit: SHOWN_AT_MOST },
  );
  return alerts.map((alert) => presentAlert(alert, budgets.get(alert.budget)!));
}

export interface AcknowledgedAlert {
  readonly alert: AlertView;
  readonly acknowledgedAt: Date;
}

/** Takes note that somebody has seen an alert. */
export class AlertService {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** Alerts of the organization's own budgets that nobody has acknowledged, newest first. */
  ofOrganization(caller: Caller): Promise<AlertView[]> {
    demand(caller, 'billing.read', [caller.organization]);
    return this.#work.read(caller.organization, (em) => currentAlerts(em, caller.organization));
  }

  /**
   * Acknowledges an alert of one of the team's own budgets; a second time, the first one stands.
   * @param team null for budgets of the whole organization
   * @throws NotFound
   */
  acknowledge(caller: Caller, origin: Origin, team: string | null, id: string): Promise<AcknowledgedAlert> {
    return this.#work.write(origin, async (tx) => {
      const { em, at } = tx;
      const path = await pathOf(em, caller.organization, team);
      demand(caller, 'billing.manage', path);
      // Whoever made it up is answered as where the id is somebody else's.
      if (!isUuid(id)) throw new NotFound('alert');
      const alert = await em.findOne(BudgetAlert, { id: id.toLowerCase() }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      const budget = alert && (await em.findOne(Budget, { id: alert.budget, team: path[0]! }));
      if (!alert || !budget) throw new NotFound('alert');
      if (!alert.acknowledgedAt) {
        alert.acknowledgedAt = at;
        alert.acknowledgedBy = caller.person;
        tx.record({
          action: 'budget.alert_acknowledged',
          resource: { type: 'budget', id: budget.id },
          team: teamOf(budget),
          detail: { alert: alert.id },
        });
      }
      return { alert: presentAlert(alert, budget), acknowledgedAt: alert.acknowledgedAt };
    });
  }
}

async function pathOf(em: EntityManager, organization: string, team: string | null): Promise<readonly string[]> {
  return team === null ? [organization] : teamPath(em, organization, (await teamByAlias(em, organization, team)).id);
}
