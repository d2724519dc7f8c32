import { expect, test } from '@jest/globals';
import type { BudgetEnforcementActivities, BudgetEvent } from '../../workflows/contracts/budget-enforcement.ts';
import { EnforcementProgress } from '../../workflows/enforcement-progress.ts';

const PERIOD = { organization: '0190a000-0000-7000-8000-000000000001', period: '0190a000-0000-7000-8000-000000000002' };
const never = (): Promise<never> => Promise.reject(new Error('there is no such step here'));

test('an event that is heard while the saga finds out that it is over is told of before it ends', async () => {
  const told: string[] = [];
  const late: BudgetEvent[] = [{ id: 'late', type: 'limit-reached' }];
  const activities: BudgetEnforcementActivities = {
    lookAtBudget: () => {
      late.splice(0).forEach((event) => progress.hear(event));
      return Promise.resolve({ step: { do: 'end' }, inForce: null, wakeAt: 0 });
    },
    tellOfCrossing: ({ event }) => Promise.resolve(void told.push(event)),
    askForIncrease: never,
    concludeIncrease: never,
    imposeMeasure: never,
    undoMeasure: never,
  };
  const progress = new EnforcementProgress(PERIOD, activities);
  await progress.catchUp(() => false);
  expect({ isOver: progress.isOver, told }).toEqual({ isOver: false, told: [] });
  await progress.catchUp(() => false);
  expect({ isOver: progress.isOver, told }).toEqual({ isOver: true, told: ['late'] });
});
