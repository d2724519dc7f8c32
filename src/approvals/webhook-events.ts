import type { EventPublisher, WebhookEventType } from '../notify/service.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { presentAmount } from './present.ts';
import { type Approval, type ApprovalEvent, describeOutcome, isClosed } from './rules.ts';
import type { StoredApproval } from './store.ts';
import type { Told } from './told.ts';

/** The public event that tells of one of ours; outcomes of every kind are one, `approval.decided`. */
const PUBLIC: Readonly<Partial<Record<ApprovalEvent['type'], WebhookEventType>>> = {
  stage_opened: 'approval.stage_opened',
  escalated: 'approval.escalated',
  reminded: 'approval.reminded',
  reassigned: 'approval.reassigned',
  changes_requested: 'approval.changes_requested',
  resubmitted: 'approval.resubmitted',
  late_decision: 'approval.late_decision',
  approved: 'approval.decided',
  rejected: 'approval.decided',
  withdrawn: 'approval.decided',
  expired: 'approval.decided',
};

/** Has services that ask learn what happened. */
export async function tellWebhooks(
  webhooks: EventPublisher,
  tx: Transaction,
  stored: StoredApproval,
  after: Approval,
  events: readonly ApprovalEvent[],
  told: Told,
): Promise<void> {
  const subjects = told.profiles.of(stored.row.requester).alias === null ? [] : [stored.row.requester];
  for (const event of events) {
    const type = PUBLIC[event.type];
    if (type)
      await webhooks.enqueue(tx, {
        type,
        data: { approval: summary(stored, after, told, event), ...('stage' in event ? { stage: event.stage } : {}) },
        subjects,
      });
  }
}

/** Tells that a request was made. */
export async function tellCreated(
  webhooks: EventPublisher,
  tx: Transaction,
  stored: StoredApproval,
  after: Approval,
  told: Told,
): Promise<void> {
  await webhooks.enqueue(tx, {
    type: 'approval.created',
    data: { approval: summary(stored, after, told, null) },
    subjects: [stored.row.requester],
  });
}

function summary({ row }: StoredApproval, after: Approval, told: Told, event: ApprovalEvent | null) {
  const ended = event && 'reason' in event ? event : null;
  return {
    id: row.id,
    state: after.state,
    revision: after.revision,
    team_id: told.team.alias,
    kind: row.kind,
    title: told.details?.title ?? null,
    requester_id: told.profiles.of(row.requester).alias,
    amount: presentAmount(row),
    created_at: row.createdAt.toISOString(),
    decided_at: ended && isClosed(after.state) ? ended.at.toISOString() : null,
    outcome_reason: ended ? describeOutcome(ended.reason) : null,
  };
}
