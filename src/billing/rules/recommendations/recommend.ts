import type { Outlook, QuotedUse, Recommendation } from './model.ts';
import { batching, otherProvider, promptCaching, smallerModel } from './savings.ts';
import { budgetAtRisk, failedRequests, unpricedUsage } from './warnings.ts';

const AT_MOST = 20;
/** Less than this part of the period's cost is not worth anybody's time. */
const WORTH_IT = 0.005;
const ORDER = { high: 0, medium: 1, low: 2 } as const;

/**
 * What can be done about a team's cost, most urgent first. Everything is computed from tokens that were used and prices of
 * one day; nothing is said of how good a model's answers are, and savings of several recommendations do not add up.
 */
export function recommend(uses: readonly QuotedUse[], outlook: Outlook): Recommendation[] {
  const models = uses.map(({ use }) => use);
  const savings = uses.flatMap((quoted) => [
    ...smallerModel(quoted, outlook),
    ...otherProvider(quoted, outlook),
    ...promptCaching(quoted, outlook),
    ...batching(quoted, outlook),
    ...failedRequests(quoted.use, outlook),
  ]);
  const worthIt = savings.filter((found) => found.savings >= WORTH_IT * outlook.projection.cost);
  return [...budgetAtRisk(models, outlook), ...unpricedUsage(models), ...worthIt]
    .toSorted((a, b) => ORDER[a.priority] - ORDER[b.priority] || b.savings - a.savings)
    .slice(0, AT_MOST);
}
