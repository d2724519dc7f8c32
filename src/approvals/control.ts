import type { ApprovalControl } from '../../workflows/contracts/approvals.ts';
import { type Approval, controlSnapshot, isClosed } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** What a request's workflow needs to know of it: whom it may hear, and what it waits for. Opaque ids only. */
export function controlOf(stored: Pick<StoredApproval, 'row' | 'stages'>, approval: Approval): ApprovalControl {
  return { version: stored.row.version, snapshot: controlSnapshot(approval), timers: timersOf(stored, approval) };
}

function timersOf(stored: Pick<StoredApproval, 'stages'>, approval: Approval): ApprovalControl['timers'] {
  const expiresAt = isClosed(approval.state) ? null : (approval.expiresAt?.getTime() ?? null);
  const open = approval.state === 'pending' ? approval.stages.find((stage) => stage.state === 'open') : undefined;
  if (!open) return { stage: null, deadlineAt: null, remindAt: [], expiresAt };
  const row = stored.stages.find((stage) => stage.index === open.index);
  const remindAt = (row?.remindAt ?? []).map((moment) => Date.parse(moment)).toSorted((a, b) => a - b);
  return { stage: open.index, deadlineAt: open.deadlineAt?.getTime() ?? null, remindAt, expiresAt };
}
