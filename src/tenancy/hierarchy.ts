import type { EntityManager } from '@mikro-orm/postgresql';
import { BillingSettings, type BillingSettingsDocument, Organization } from './entities.ts';

export interface ApprovalHierarchy {
  readonly entries: NonNullable<BillingSettingsDocument['approval_hierarchy']>;
  readonly mode: NonNullable<BillingSettingsDocument['approval_hierarchy_mode']>;
}

/**
 * The hierarchy that holds for a team: its own, or that of the nearest team above that has one. Entries and mode come from
 * the same team: thresholds mean something else in another mode, and could approve what they were to have asked for.
 * @param teamPath nearest first
 * @returns null where there is none anywhere
 */
export async function approvalHierarchy(
  em: EntityManager,
  teamPath: readonly string[],
): Promise<ApprovalHierarchy | null> {
  const rows = await em.find(BillingSettings, { team: { $in: [...teamPath] } });
  const byTeam = new Map(rows.map((row) => [row.team, row.settings]));
  for (const team of teamPath) {
    const { approval_hierarchy: entries, approval_hierarchy_mode: mode = 'cumulative' } = byTeam.get(team) ?? {};
    if (entries) return { entries, mode };
  }
  return null;
}

/**
 * A team's own billing settings; empty where none were made.
 * @param team the organization's id for what its settings say of its own budgets
 */
export async function teamBillingSettings(em: EntityManager, team: string): Promise<BillingSettingsDocument> {
  const row = await em.findOne(BillingSettings, { team });
  if (row) return row.settings;
  const alerts = (await em.findOne(Organization, { id: team }))?.settings.budget_alerts;
  return alerts ? { budget_alerts: alerts } : {};
}
