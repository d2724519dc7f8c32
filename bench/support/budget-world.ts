import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { Budgeted } from '../../src/budgets/budgeted.ts';

const PERIOD = `date_trunc('month', now()), date_trunc('month', now()) + interval '1 month'`;

/** Teams below budgets, each with the accounts that its reservations are held on. */
export interface BudgetWorld {
  readonly organization: string;
  readonly places: readonly Budgeted[];
}

export interface WorldShape {
  readonly teams: number;
  /** Budgets above each team that all teams share. */
  readonly shared: number;
  /** Budgets that each team has for itself. */
  readonly own: number;
  /** Whether parts of the shared ones are leased to the teams. */
  readonly escrow: boolean;
  readonly limit: number;
}

/** Makes an organization with budgets whose periods have been begun, and without names: what is measured is the booking. */
export async function makeBudgetWorld(
  adminUrl: string,
  { teams, shared, own, escrow, limit }: WorldShape,
): Promise<BudgetWorld> {
  const organization = randomUUID();
  const person = randomUUID();
  const client = new Client({ connectionString: adminUrl, options: '-c role=countersign_owner' });
  await client.connect();
  try {
    await client.query('insert into countersign.budget_books (id, organization_id, version) values ($1, $1, 1)', [
      organization,
    ]);
    const period = async (team: string, shares: number): Promise<string> => {
      const [budget, id] = [randomUUID(), randomUUID()];
      await client.query(
        `insert into countersign.budgets (id, organization_id, team_id, name, amount, currency, period, created_at, updated_at) values ($1, $2, $3, $1::uuid::text, $4, 'USD', 'monthly', now(), now())`,
        [budget, organization, team, limit],
      );
      await client.query(
        `insert into countersign.budget_periods (id, organization_id, budget_id, currency, starts_at, ends_at, limit_amount, warn_at, exceeded_action, free_models, ceiling, settled, shares, escrow, created_at)
         values ($1, $2, $3, 'USD', ${PERIOD}, $4, $4::numeric * 0.8, 'require_approval', '{}', $4, 0, $5, $5 > 0, now())`,
        [id, organization, budget, limit, shares],
      );
      return id;
    };
    const sharedPeriods: string[] = [];
    for (let index = 0; index < shared; index += 1) sharedPeriods.push(await period(organization, escrow ? teams : 0));
    const places: Budgeted[] = [];
    for (let index = 0; index < teams; index += 1) {
      const team = randomUUID();
      await client.query(
        `insert into countersign.teams (id, organization_id, alias, name, created_at) values ($1, $2, $1::uuid::text, 'Team', now())`,
        [team, organization],
      );
      const ownPeriods: string[] = [];
      for (let count = 0; count < own; count += 1) ownPeriods.push(await period(team, 0));
      const leases: string[] = [];
      if (escrow) {
        for (const id of sharedPeriods) {
          const lease = randomUUID();
          await client.query(
            'insert into countersign.budget_leases (id, organization_id, period_id, team_id) values ($1, $2, $3, $4)',
            [lease, organization, id, team],
          );
          leases.push(lease);
        }
      }
      places.push({
        team,
        teamPath: [team, organization],
        person,
        provider: null,
        model: null,
        currency: 'USD',
        version: 1,
        periods: escrow ? ownPeriods : [...sharedPeriods, ...ownPeriods],
        leases,
      });
    }
    return { organization, places };
  } finally {
    await client.end();
  }
}
