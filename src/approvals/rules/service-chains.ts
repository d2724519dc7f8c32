import { compareAmounts, parseAmount } from '../../platform/money.ts';
import { chainFromHierarchy, type Hierarchy, stageOf } from './hierarchy.ts';
import type { Chain, StageRule } from './model.ts';

/**
 * The chains to try for a request that Countersign makes itself, the best first: what the hierarchy says; where it would ask
 * nobody, its lowest role; and whoever owns or administers the team. Nothing that a service asks for is approved at once.
 * @param hierarchy null where there is none
 * @param amount decimal string in the hierarchy's currency
 */
export function chainsForService(hierarchy: Hierarchy | null, amount: string): readonly Chain[] {
  return [...(hierarchy ? stagesOf(hierarchy, amount) : []), [OWNERS_AND_ADMINS]].map((stages) => ({
    stages,
    // As a chain of its own: an amount that is changed later must not make its stages fall away.
    origin: 'chain',
  }));
}

const OWNERS_AND_ADMINS: StageRule = { ...stageOf('owner', null), approvers: [{ role: 'owner' }, { role: 'admin' }] };

function stagesOf(hierarchy: Hierarchy, amount: string): readonly (readonly StageRule[])[] {
  const made = chainFromHierarchy(hierarchy, amount);
  if (!('chain' in made)) return [];
  if (!made.approvedAtOnce) return [made.chain.stages];
  const [lowest] = hierarchy.entries.toSorted((a, b) =>
    compareAmounts(parseAmount(a.threshold), parseAmount(b.threshold)),
  );
  return lowest ? [[stageOf(lowest.role, null)]] : [];
}
