import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { IntentRow } from './entities.ts';
import { type Handled, isClosed } from './rules.ts';
import type { StoredApproval } from './store.ts';

/**
 * The service that asked goes on from here, once. Where it took its request back it knows, and is not to be woken by that: it
 * would ask again for what it had just been stopped from asking.
 * @param intent what closed the request; null where its time did
 */
export function tellService(
  tx: Transaction,
  { row, approval: before }: StoredApproval,
  { approval }: Handled,
  intent: IntentRow | null,
): void {
  if (row.onClosed && isClosed(approval.state) && !isClosed(before.state) && !isTakenBack(intent))
    tx.enqueue({ id: newId(tx.at), ...row.onClosed });
}

function isTakenBack(intent: IntentRow | null): boolean {
  return intent?.kind === 'withdraw' && intent.channel === 'system';
}
