import type { EntityManager } from '@mikro-orm/postgresql';
import type { Amount } from '../platform/money.ts';
import { sumUsageInWays, type UsageSums } from '../usage/service.ts';

/** What was used in a time, in several divisions; each adds up to the same total. */
export interface Spending {
  /** By provider and model. */
  readonly models: readonly UsageSums[];
  /** By person's internal id. */
  readonly members: readonly UsageSums[];
  /** By team's internal id. */
  readonly teams: readonly UsageSums[];
}

/** Reads a time's spending from the rollups, in one look; of models and members the dearest by name. @param currency in which they are */
export async function spendingOf(
  em: EntityManager,
  scope: { organization: string; teams: readonly string[]; from: Date; to: Date },
  currency: string,
): Promise<Spending> {
  const ways = [['provider', 'model'], ['person'], ['team']] as const;
  const [models = [], members = [], teams = []] = await sumUsageInWays(em, scope, ways, { dearestIn: currency });
  return { models, members, teams };
}

/** Cost in one currency, by the sums' only key. */
export function costByKey(sums: readonly UsageSums[], currency: string): Map<string, Amount> {
  const own = sums.filter((sum) => sum.currency === currency);
  return new Map(own.map(({ keys, cost }) => [keys[0] ?? '', cost]));
}
