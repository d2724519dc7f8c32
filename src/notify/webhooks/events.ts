/** What an organization can be told about, and when it is. Later features add theirs here. */
export const WEBHOOK_EVENTS = {
  'approval.created': 'A request was made, and its approvers can decide from now on.',
  'approval.stage_opened': 'A stage opened: its approvers are asked.',
  'approval.escalated': 'Nobody decided in time, and those named in `escalate_to` are asked.',
  'approval.reminded': 'Approvers who have not decided were reminded.',
  'approval.reassigned': 'Somebody else is asked in place of an approver.',
  'approval.changes_requested': 'An approver wants changes: the request waits to be resubmitted.',
  'approval.resubmitted': 'The request was resubmitted; where something material changed, as a new revision.',
  'approval.decided':
    'The request is closed: approved, rejected, withdrawn or expired. `data.approval.state` says which.',
  'approval.late_decision': 'Somebody decided on a request that was closed already. It changes nothing.',
  'budget.warning': 'A budget passed its warning threshold. `data.alert` says how far.',
  'budget.exceeded': 'What was spent has reached the limit of a budget.',
  'budget.restricted': 'A budget that is used up lets only the models go on that the billing settings name.',
  'budget.suspended': 'A budget that is used up refuses everything.',
  'budget.restored': 'A budget is no longer restricted or suspended. `data.because` says why.',
  'budget.increase_requested': 'An increase of a budget was asked for. `data.approval` is the request.',
  'budget.increase_impossible': 'A budget needs an increase, and there is nobody who could agree to it.',
  'budget.increased': 'An increase was approved: the limit of the budget is raised for its period.',
  'audit.finding': 'Somebody’s access was unusual. `data.finding.kind` says how.',
  'audit.stream_failing': 'The audit log could not be sent to a stream for an hour; it is still tried.',
} as const satisfies Readonly<Record<string, string>>;

export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;

export const WEBHOOK_EVENT_TYPES = Object.keys(WEBHOOK_EVENTS) as [WebhookEventType, ...WebhookEventType[]];

/** In a webhook's list of events: every type there is, those of later releases included. */
export const EVERY_EVENT = '*';

/** Whether a webhook with this list of events is told about an event. */
export function isWanted(type: WebhookEventType, events: readonly string[]): boolean {
  return events.includes(EVERY_EVENT) || events.includes(type);
}
