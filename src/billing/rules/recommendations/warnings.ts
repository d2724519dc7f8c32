import { counted } from '../../../platform/counted.ts';
import { type ModelUse, type Outlook, overPeriod, priorityOf, type Recommendation } from './model.ts';

const FAILING_OFTEN = 0.02;
const FAILURES_THAT_COUNT = 5;
const RATHER_LIKELY = 0.5;
const POSSIBLE = 0.2;

/** Calls that fail often and cost all the same. */
export function failedRequests(use: ModelUse, outlook: Outlook): Recommendation[] {
  const rate = use.requests === 0 ? 0 : use.failures / use.requests;
  if (rate < FAILING_OFTEN || use.failures < FAILURES_THAT_COUNT || !use.cost.isPositive() || use.cost.isZero())
    return [];
  const whole = overPeriod(use.cost.toNumber() * rate, outlook);
  const savings = whole.savings / 2;
  return [
    {
      priority: priorityOf(savings, outlook),
      category: 'failed_requests',
      from: { provider: use.provider, model: use.model },
      to: null,
      savings,
      interval: [0, whole.interval[1]],
      effort: 'moderate',
      message: `${use.failures} of ${use.requests} requests failed (${Math.round(rate * 100)} %). The interval ends where each has cost as much as the average request, and begins where the provider charged none.`,
    },
  ];
}

/** Calls that nobody knows the price of, of however many models: what is shown is less than what is due. */
export function unpricedUsage(uses: readonly ModelUse[]): Recommendation[] {
  const unpriced = uses.filter((use) => use.unpriced > 0).toSorted((a, b) => b.unpriced - a.unpriced);
  const [most] = unpriced;
  if (most === undefined) return [];
  const requests = unpriced.reduce((sum, use) => sum + use.unpriced, 0);
  return [
    {
      priority: 'high',
      category: 'unpriced_usage',
      from: { provider: most.provider, model: most.model },
      to: null,
      savings: 0,
      interval: [0, 0],
      effort: 'easy',
      message: `Without a price, and counted as nothing: ${counted(requests, 'request')} to ${counted(unpriced.length, 'model')}, most of them to ${most.model}. Give each a price with PUT /api/v1/organization/rates/{provider}/{model}; they are priced then.`,
    },
  ];
}

/** A budget that will hardly last, and the model that most of the money goes to. */
export function budgetAtRisk(uses: readonly ModelUse[], { projection, isOver }: Outlook): Recommendation[] {
  const chance = projection.probabilityOfExceeding ?? 0;
  const [dearest] = uses.toSorted((a, b) => b.cost.comparedTo(a.cost));
  if (chance < POSSIBLE || isOver || dearest === undefined) return [];
  return [
    {
      priority: chance >= RATHER_LIKELY ? 'high' : 'medium',
      category: 'budget',
      from: { provider: dearest.provider, model: dearest.model },
      to: null,
      savings: 0,
      interval: [0, 0],
      effort: 'easy',
      message: `The budget of the period is exceeded with a probability of ${Math.round(chance * 100)} %. Most is spent on ${dearest.model}. Raise the budget, or spend less, before calls are refused.`,
    },
  ];
}
