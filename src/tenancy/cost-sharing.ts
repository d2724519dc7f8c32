import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Forbidden, InvalidRequest } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { may } from './authorize.ts';
import { CostSettingsVersion } from './entities.ts';
import { placedTeams } from './placed-teams.ts';
import { chargeBackOf, type CostSettings, costSettingsIn, divisionProblems, poolOf } from './rules/cost-division.ts';
import { PERMISSIONS } from './rules/permissions.ts';

/** What a team's settings said of cost before a change, and say after it. */
export interface CostChange {
  readonly team: string;
  /** Of the settings, after the change. */
  readonly version: number;
  readonly before: CostSettings;
  readonly after: CostSettings;
}

/**
 * Looks whether cost may be divided so, and keeps what holds from now on beside what held before: months that are over go on
 * being divided as they were. Does nothing where nothing of it has changed.
 * @throws InvalidRequest, Forbidden
 */
export async function changeCostSettings(tx: Transaction, caller: Caller, change: CostChange): Promise<void> {
  const [before, after] = [costSettingsIn(change.before), costSettingsIn(change.after)];
  if (isDeepStrictEqual(before, after)) return;
  const pool = poolOf(after);
  const problems = divisionProblems(after);
  if (problems.length > 0) throw new InvalidRequest(problems);
  await demandConsent(tx.em, caller, before, after);
  tx.add(CostSettingsVersion, {
    id: newId(tx.at),
    organization: caller.organization,
    team: change.team,
    version: change.version,
    settings: after,
    sharers: pool && Object.keys(pool.shares),
    holdsFrom: tx.at,
  });
}

/**
 * Cost is put on nobody, and nobody's spending is told to others, without those who answer for it: how a pool is divided takes
 * the permission in every team that shares it, and cost centres are compared by what their teams have spent only where the
 * whole organization is the caller's to manage.
 */
async function demandConsent(
  em: EntityManager,
  caller: Caller,
  before: CostSettings,
  after: CostSettings,
): Promise<void> {
  const [pool, chargeBack] = [poolOf(after), chargeBackOf(after)];
  if (pool && !isDeepStrictEqual(pool, poolOf(before))) await demandSharers(em, caller, Object.keys(pool.shares));
  const isByUsage = chargeBack?.method === 'usage_based' && !isDeepStrictEqual(chargeBack, chargeBackOf(before));
  if (isByUsage && !may(caller, 'billing.manage', [caller.organization]))
    throw new Forbidden(
      `Dividing by usage shows what other teams have spent: this takes the permission “${PERMISSIONS['billing.manage'].meaning}” in the whole organization. Choose the method \`fixed\` or \`even\`.`,
    );
}

async function demandSharers(em: EntityManager, caller: Caller, aliases: readonly string[]): Promise<void> {
  const placed = await placedTeams(em, caller.organization, aliases);
  const unknown = aliases.filter((alias) => !placed.has(alias));
  if (unknown.length > 0)
    throw new InvalidRequest(
      unknown.map((alias) => ({
        path: `cost_allocation.shares.${alias}`,
        message: 'there is no such team in your organization',
      })),
    );
  const unasked = aliases.filter((alias) => !may(caller, 'billing.manage', placed.get(alias)?.path ?? []));
  if (unasked.length > 0)
    throw new Forbidden(
      `Whoever shares a cost bears it: this takes the permission “${PERMISSIONS['billing.manage'].meaning}” in ${unasked.join(', ')} as well, or in a team above.`,
    );
}
