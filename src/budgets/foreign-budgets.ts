import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { InvalidRequest } from '../platform/errors.ts';
import type { Budgeted } from './budgeted.ts';
import type { ExceededAction } from './rules.ts';

interface ForeignAccount {
  readonly period: string;
  /** The team's part of it, where it has one. */
  readonly lease: string | null;
  readonly currency: string;
  readonly exceeded_action: ExceededAction;
}

/**
 * The place with those accounts only that an amount in the team's currency can be held on. A soft budget in another currency
 * limits nothing, so that it stops nobody; a hard one can neither be held on nor got past.
 * @throws InvalidRequest where a hard budget above the team is in another currency
 */
export async function withoutForeignBudgets(em: EntityManager, place: Budgeted): Promise<Budgeted> {
  const foreign = await foreignAccounts(em, place);
  const hard = foreign.find(({ exceeded_action: action }) => action !== 'notify');
  if (hard)
    throw new InvalidRequest([
      {
        path: 'team_id',
        message: `a budget above this team is in ${hard.currency}, and the team spends ${place.currency}: make them one currency, or let that budget only notify`,
      },
    ]);
  const left = new Set(foreign.flatMap(({ period, lease }) => (lease === null ? [period] : [lease])));
  return {
    ...place,
    periods: place.periods.filter((period) => !left.has(period)),
    leases: place.leases.filter((lease) => !left.has(lease)),
  };
}

function foreignAccounts(em: EntityManager, { periods, leases, currency }: Budgeted): Promise<ForeignAccount[]> {
  return em.execute<ForeignAccount[]>(
    `select p.id as period, l.id as lease, p.currency, p.exceeded_action
     from countersign.budget_periods p left join countersign.budget_leases l on l.period_id = p.id and l.id = any(?::uuid[])
     where p.currency <> ?::text and (p.id = any(?::uuid[]) or l.id is not null)`,
    [plainArray(leases), currency, plainArray(periods)],
  );
}
