import type { EntityManager } from '@mikro-orm/postgresql';
import { DecisionRow } from './entities.ts';
import type { DecisionKind } from './rules.ts';
import type { StoredApproval } from './store.ts';

/**
 * Whether this person's same decision on the closed request is recorded already: once is evidence, and without an end it
 * would let whoever was asked fill the timeline of a request that is over.
 */
export async function isLateDecisionRecorded(
  em: EntityManager,
  { row }: Pick<StoredApproval, 'row'>,
  person: string,
  decision: DecisionKind,
): Promise<boolean> {
  if (!row.decidedAt) return false;
  // A request for changes that was answered does not count either, and was no late one.
  return (
    (await em.count(DecisionRow, {
      approval: row.id,
      revision: row.revision,
      person,
      decision,
      counts: false,
      at: { $gte: row.decidedAt },
    })) > 0
  );
}
