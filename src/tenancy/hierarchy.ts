import type { EntityManager } from '@mikro-orm/postgresql';
import { BillingSettings, type BillingSettingsDocument } from './entities.ts';

export interface ApprovalHierarchy {
  readonly entries: NonNullable<BillingSettingsDocument['approval_hierarchy']>;
  readonly mode: NonNullable<BillingSettingsDocument['approval_hierarchy_mode']>;
}

/**
 * The hierarchy that holds for a team: its own, or that of the nearest team above that has one.
 * @param teamPath nearest first
 * @returns null where there is none anywhere
 */
export async function approvalHierarchy(em: EntityManager, teamPath: readonly string[]): Promise<ApprovalHierarchy | null> {
  const rows = await em.find(BillingSettings, { team: { $in: [...teamPath] } });
  const byTeam = new Map(rows.map((row) => [row.team, row.settings]));
  const nearest = <Value>(pick: (settings: BillingSettingsDocument) => Value | undefined): Value | undefined => {
    for (const team of teamPath) {
      const settings = byTeam.get(team);
      const value = settings && pick(settings);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const entries = nearest((settings) => settings.approval_hierarchy);
  return entries ? { entries, mode: nearest((settings) => settings.approval_hierarchy_mode) ?? 'cumulative' } : null;
}
