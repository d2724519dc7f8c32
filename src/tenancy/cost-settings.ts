import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest } from '../platform/errors.ts';
import { type BillingSettingsDocument, Team } from './entities.ts';

type Method = NonNullable<BillingSettingsDocument['charge_back_method']>;

/** How cost is divided, and among whom: shares by the name that the settings have for each. */
interface Division {
  readonly method: Method;
  readonly shares: Readonly<Record<string, number>>;
}

/** A team, and what its own billing settings say of who bears its cost; null: nothing. */
export interface TeamCostSettings {
  readonly id: string;
  readonly alias: string;
  readonly name: string;
  readonly parent: string | null;
  /** The teams that it shares its cost with, by the ids that callers gave them. */
  readonly pool: Division | null;
  readonly costCenter: string | null;
  /** Several cost centres, by name. */
  readonly chargeBack: Division | null;
}

const DEFAULT_METHOD: Method = 'usage_based';

/** Every team of the organization, in one statement. */
export async function costSettingsOf(em: EntityManager, organization: string): Promise<TeamCostSettings[]> {
  const rows = await em.execute<
    { id: string; alias: string; name: string; parent_id: string | null; settings: BillingSettingsDocument | null }[]
  >(
    `select t.id, t.alias, t.name, t.parent_id, s.settings - 'approval_hierarchy' - 'reporting' - 'budget_alerts' as settings
     from countersign.teams t left join countersign.billing_settings s on s.team_id = t.id where t.organization_id = ?`,
    [organization],
  );
  return rows.map(({ id, alias, name, parent_id: parent, settings }) => ({
    id,
    alias,
    name,
    parent,
    pool: divisionOf(settings?.cost_allocation?.method, settings?.cost_allocation?.shares),
    costCenter: settings?.cost_center ?? null,
    chargeBack: divisionOf(settings?.charge_back_method, settings?.charge_back_shares),
  }));
}

function divisionOf(method: Method = DEFAULT_METHOD, shares: Division['shares'] = {}): Division | null {
  return Object.keys(shares).length === 0 ? null : { method, shares };
}

/** @throws InvalidRequest where a pool is to be shared with a team that the organization does not have */
export async function demandSharers(
  em: EntityManager,
  organization: string,
  aliases: readonly string[],
): Promise<void> {
  if (aliases.length === 0) return;
  const known = new Set(
    (await em.find(Team, { organization, alias: { $in: [...aliases] } })).map(({ alias }) => alias),
  );
  const unknown = aliases.filter((alias) => !known.has(alias));
  if (unknown.length > 0)
    throw new InvalidRequest(
      unknown.map((alias) => ({
        path: `cost_allocation.shares.${alias}`,
        message: 'there is no such team in your organization',
      })),
    );
}
