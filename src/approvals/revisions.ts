import type { Vault } from '../platform/crypto/vault.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { sealDetails } from './details.ts';
import { ApprovalRevision } from './entities.ts';
import type { Resubmission } from './resubmissions.ts';
import type { StoredApproval } from './store.ts';

/**
 * Replaces what a request says. What it said before is kept, words included: a revision whose words were changed is kept
 * once for each of them, so that nobody can say they approved something else.
 */
export async function replaceContents(
  tx: Transaction,
  vault: Vault,
  stored: StoredApproval,
  { details, chain, currency }: Resubmission,
): Promise<void> {
  const { em, origin, at } = tx;
  const { row } = stored;
  em.persist(
    em.create(ApprovalRevision, {
      id: newId(at),
      organization: origin.organization,
      approval: row.id,
      revision: row.revision,
      amount: row.amount ?? null,
      chain: row.chain,
      details: row.details,
      replacedAt: at,
    }),
  );
  const keys = await vault.unlock(em, origin.organization, [row.requester]);
  row.details = sealDetails(keys, row.requester, row.id, details);
  row.chain = chain;
  row.currency = currency;
}
