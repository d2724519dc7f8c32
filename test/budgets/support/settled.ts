import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from 'pg';
import { budgetEnforcementWorkflowId } from '../../../workflows/contracts/budget-enforcement.ts';
import type { TestSystem } from '../../support/system.ts';

const OF_TEAM = `join countersign.teams t on t.id = b.team_id where t.alias = $1`;

/**
 * Waits until all that the budgets of a team have put into the outbox was brought to the sagas of their periods, and these have
 * done what they were to do about it: what has not happened by then does not happen.
 */
export async function settled(system: TestSystem, admin: Client, team: string): Promise<void> {
  await system.until(
    async () => (await isEverythingBrought(admin, team)) && (await areSagasAtRest(system, admin, team)),
    `the sagas of ${team} are at rest`,
    30_000,
  );
}

async function isEverythingBrought(admin: Client, team: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    `select from countersign.outbox o join countersign.budgets b on b.id::text = o.reference ->> 'budget' ${OF_TEAM} and o.channel = 'budget'`,
    [team],
  );
  return rowCount === 0;
}

/** A signal is a task of the workflow from the moment it is brought, and its local activities are part of that task. */
async function areSagasAtRest(system: TestSystem, admin: Client, team: string): Promise<boolean> {
  const { rows } = await admin.query<{ id: string }>(
    `select p.id from countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id ${OF_TEAM}`,
    [team],
  );
  const busy = await Promise.all(rows.map(({ id }) => isBusy(system, id)));
  return !busy.includes(true);
}

async function isBusy({ core }: TestSystem, period: string): Promise<boolean> {
  try {
    const { raw } = await core.temporal.client.workflow.getHandle(budgetEnforcementWorkflowId(period)).describe();
    return raw.pendingWorkflowTask != null;
  } catch (error) {
    // Nothing was crossed in this period yet.
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
