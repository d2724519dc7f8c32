import { ALL_OTHERS, type UsageSums } from '../usage/service.ts';
import type { ModelUse } from './rules/recommendations/model.ts';

/** Sums by provider and model as recommendations look at them: those in one currency, of models that are told by name. */
export function modelUses(sums: readonly UsageSums[], currency: string): ModelUse[] {
  return sums
    .filter((sum) => sum.currency === currency && !sum.keys.includes(ALL_OTHERS))
    .map(({ keys: [provider = '', model = ''], events, failures, unpriced, tokens, cost }) => ({
      provider,
      model,
      requests: events,
      failures,
      unpriced,
      tokens,
      cost,
    }));
}
