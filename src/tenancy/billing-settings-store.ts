import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { BillingSettings, Team } from './entities.ts';

/**
 * A team's billing settings, which nobody else changes until the transaction ends. Comes before the books of budgets are locked:
 * whoever took the two in another order would wait in a circle.
 * @returns an empty row that is not stored yet, of version 0, where nothing was set
 */
export async function lockedBillingSettings(tx: Transaction, team: string): Promise<BillingSettings> {
  await tx.em.findOneOrFail(Team, { id: team }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  return (await tx.em.findOne(BillingSettings, { team })) ?? emptySettings(tx, team);
}

/** Has locked settings count as changed, since what they show besides what is stored of them will be something else. */
export async function touchBillingSettings(
  { em, at }: { em: EntityManager; at: Date },
  settings: BillingSettings,
): Promise<void> {
  Object.assign(settings, { version: settings.version + 1, updatedAt: at });
  await em.persist(settings).flush();
}

function emptySettings({ em, origin, at }: Transaction, team: string): BillingSettings {
  return em.create(
    BillingSettings,
    { id: newId(at), organization: origin.organization, team, settings: {}, version: 0, updatedAt: at },
    { persist: false },
  );
}
