import type { EntityManager } from '@mikro-orm/postgresql';
import { IntentRow } from './entities.ts';

/** Whether a decision of this person was accepted and still waits to be carried out. */
export async function isDecisionRecorded(em: EntityManager, approval: string, person: string): Promise<boolean> {
  return (await em.count(IntentRow, { approval, person, kind: 'decide', state: 'pending' })) > 0;
}
