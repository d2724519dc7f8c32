import { budgetEnforcementWorkflowId } from '../../../workflows/contracts/budget-enforcement.ts';
import { until } from '../../support/api-caller.ts';
import { FundedTeam } from '../../workflows/support/funded-team.ts';
import type { RealWorld } from '../../workflows/support/real-world.ts';

/**
 * A life of the saga of a budget's period: it warns, asks, raises the limit, suspends, restricts, and ends with its budget;
 * every one of its activities has something to do. @returns the workflow's id
 */
export async function enforceUntilTheEnd(world: RealWorld): Promise<string> {
  const team = await FundedTeam.make(world.api, 'spending', { period: 'monthly' });
  const spend = (cost: string) => team.spend(cost, new Date());
  await spend('85');
  await until(async () => (await recorded(world, 'budget.alerted')) === 1, 'the warning is told');
  await spend('15');
  await team.decide(await team.request('pending'), 'approve');
  await until(async () => (await team.read())['limit'].value === '120.00', 'the limit is raised');
  await team.change({ period: 'monthly', exceeded_action: 'suspend' });
  await spend('20');
  await until(async () => (await recorded(world, 'budget.measure_taken')) === 1, 'it is suspended');
  await team.override('50');
  await until(async () => (await recorded(world, 'budget.measure_lifted')) === 1, 'the suspension is lifted');
  const [row] = await world.query<{ period: string }>('select period_id as period from countersign.budget_measures');
  await world.api.call('DELETE', '/api/v1/teams/spending/budgets/main');
  return budgetEnforcementWorkflowId(row!.period);
}

async function recorded(world: RealWorld, action: string): Promise<number> {
  return (await world.query('select from countersign.audit_entries where action = $1', [action])).length;
}
