/** What an entry of the audit log says was done, and to what kind of thing. */
interface AuditActionRule {
  /** One sentence, shown in the docs. */
  readonly meaning: string;
  /** The kind of thing that the entry's `resource` names. */
  readonly resource: string;
}

/**
 * The one catalogue of what the audit log records. A transaction can record nothing else, and the docs show this table. An
 * action is never renamed: entries of the past keep the name that was signed.
 */
export const AUDIT_ACTIONS = {
  'access.denied': {
    resource: 'route',
    meaning:
      'A request with a key of the organization, or of somebody signed in, was refused; `detail.problem` says why, `detail.object` and `detail.object_id` on what where the address leads to it, and of a key that is not valid any more `detail.key`, once an hour.',
  },

  'organization.made': { resource: 'organization', meaning: 'An organization was made, with its owner’s key.' },
  'organization.settings_changed': {
    resource: 'organization',
    meaning: 'Settings of the organization were changed; `detail.fields` names them.',
  },
  'calendar.versioned': { resource: 'calendar', meaning: 'A calendar was stored as a new version.' },
  'billing.settings_changed': {
    resource: 'team',
    meaning: 'Billing settings of a team were changed, the approval hierarchy among them.',
  },
  'team.made': { resource: 'team', meaning: 'A team was made.' },

  'member.added': { resource: 'person', meaning: 'A person was put into a team or the organization’s root.' },
  'member.changed': { resource: 'person', meaning: 'A person’s roles or manager in a team were changed.' },
  'member.removed': { resource: 'person', meaning: 'A person was taken out of a team.' },
  'person.changed': { resource: 'person', meaning: 'A person’s name or e-mail address was changed.' },
  'person.links_superseded': {
    resource: 'person',
    meaning: 'Links mailed to a person’s former address were taken out of use.',
  },
  'absence.set': { resource: 'person', meaning: 'A person’s absence and delegate were entered.' },
  'absence.ended': { resource: 'person', meaning: 'A person’s absence was ended.' },

  'api_key.made': { resource: 'api_key', meaning: 'An API key was made; `on_behalf_of` is the person it acts for.' },
  'api_key.revoked': { resource: 'api_key', meaning: 'An API key was revoked.' },
  'sign_in.requested': { resource: 'person', meaning: 'A link to sign in was mailed.' },
  'session.started': { resource: 'session', meaning: 'Somebody signed in.' },
  'session.ended': { resource: 'session', meaning: 'Somebody signed out.' },

  'approval.created': { resource: 'approval', meaning: 'An approval was asked for.' },
  'approval.decide': {
    resource: 'approval',
    meaning: 'Somebody decided on a request; `detail.outcome` says whether the decision counts.',
  },
  'approval.withdraw': { resource: 'approval', meaning: 'A request was withdrawn.' },
  'approval.resubmit': { resource: 'approval', meaning: 'A request was changed and handed in again.' },
  'approval.reassign': { resource: 'approval', meaning: 'An approver’s place was handed to somebody else.' },
  'approval.remind': { resource: 'approval', meaning: 'Approvers who had not answered were reminded by hand.' },
  'approval.refresh': {
    resource: 'approval',
    meaning: 'A request was looked through again because people, roles or absences had changed.',
  },
  'approval.timer_deadline': { resource: 'approval', meaning: 'A stage ran out of time.' },
  'approval.timer_remind': {
    resource: 'approval',
    meaning: 'Approvers who had not answered were reminded on schedule.',
  },
  'approval.timer_expire': { resource: 'approval', meaning: 'A request expired.' },
  'approval.asked_again': { resource: 'approval', meaning: 'An approver was mailed a fresh link at a new address.' },
  'approval.reasons_read': {
    resource: 'approval',
    meaning:
      'Somebody who is neither party to a request nor asked in it was shown what its approvers wrote; once an hour for each reader.',
  },
  'step_up.code_mailed': { resource: 'approval', meaning: 'A code that confirms a decision was mailed.' },
  'step_up.attempted': { resource: 'approval', meaning: 'A code that confirms a decision was tried.' },

  'usage.reported': {
    resource: 'usage_batch',
    meaning:
      'A batch of usage was taken in; `detail` counts what was accepted, known already and rejected, and has the batch’s digest.',
  },
  'usage.repriced': {
    resource: 'rerating',
    meaning: 'Lines of the ledger were priced or corrected after a price had changed.',
  },
  'rate.versioned': { resource: 'rate', meaning: 'A price of the organization’s own got a new version.' },
  'exchange_rate.versioned': { resource: 'exchange_rate', meaning: 'An exchange rate got a new version.' },
  'budget.made': { resource: 'budget', meaning: 'A budget was made.' },
  'budget.changed': { resource: 'budget', meaning: 'A budget was changed; `detail` says what.' },
  'budget.removed': { resource: 'budget', meaning: 'A budget was removed.' },
  'budget.overridden': { resource: 'budget', meaning: 'A budget’s limit was raised for its period.' },
  'budget.alerted': {
    resource: 'budget',
    meaning: 'It was told that a budget crossed its warning threshold or its limit.',
  },
  'budget.alert_acknowledged': { resource: 'budget', meaning: 'Somebody acknowledged an alert of a budget.' },
  'budget.measure_taken': {
    resource: 'budget',
    meaning: 'A budget that was used up was restricted or suspended; `detail.kind` says which.',
  },
  'budget.measure_lifted': {
    resource: 'budget',
    meaning: 'A restriction, a suspension or the wait for an approval was taken back; `detail.because` says why.',
  },
  'budget.increase_requested': {
    resource: 'budget',
    meaning: 'An increase of a budget was asked for; `detail.approval` is the request.',
  },
  'budget.increase_impossible': {
    resource: 'budget',
    meaning: 'An increase of a budget could not be asked for: there is nobody who could agree to it.',
  },
  'budget.increased': {
    resource: 'budget',
    meaning: 'A budget’s limit was raised for its period because its approval was granted.',
  },
  'budget.increase_declined': {
    resource: 'budget',
    meaning: 'A budget’s limit stays: the request for an increase was rejected, withdrawn or expired.',
  },

  // billing
  'billing.exported': {
    resource: 'organization',
    meaning:
      'Charges were exported, of the team that the entry names or of all; `detail` has the time, the format and how many teams.',
  },

  'usage_report.sent': {
    resource: 'usage_report',
    meaning:
      'A team’s usage of one period was mailed to those whom its billing settings name; `detail` says of which, to how many, and whether it has members’ figures.',
  },

  'reservations.recorded': {
    resource: 'reservation_journal',
    meaning:
      'What happened to reservations within a minute: `detail` counts it, sums it up, and has the digest of its part of the journal.',
  },

  'webhook.created': { resource: 'webhook', meaning: 'A webhook was entered.' },
  'webhook.deleted': { resource: 'webhook', meaning: 'A webhook was deleted.' },
  'webhook.disabled': {
    resource: 'webhook',
    meaning: 'A webhook was switched off because its receiver answered `410 Gone`.',
  },
  'message.retried': { resource: 'message', meaning: 'An operator had a delivery tried again that was given up.' },
  'webhook.replayed': { resource: 'webhook', meaning: 'An event was sent to a webhook once more.' },

  'audit.finding': {
    resource: 'person',
    meaning: 'Somebody’s access was unusual; `detail.kind` says how, `detail.seq` names the entry that showed it.',
  },
  'audit.entries_missing': {
    resource: 'organization',
    meaning:
      'The look for unusual access passed over entries of the log that are nowhere any more; `detail.seq` names the first, `detail.entries` counts them.',
  },
  'audit.stream_set': { resource: 'audit_stream', meaning: 'Where the audit log is sent to was entered or changed.' },
  'audit.stream_deleted': { resource: 'audit_stream', meaning: 'The audit log is not sent there any more.' },
  'audit.stream_failing': {
    resource: 'audit_stream',
    meaning: 'The audit log could not be sent there for long; admins were told.',
  },
  'audit.archived': {
    resource: 'audit_archive',
    meaning: 'A month of the audit log was put into a file and verified; `detail` has its range and SHA-256.',
  },

  'audit.export_requested': {
    resource: 'audit_export',
    meaning: 'A bundle of audit entries was asked for; `detail.from` and `detail.to` say of when.',
  },
  'audit.export_made': {
    resource: 'audit_export',
    meaning:
      'A bundle that was asked for is ready; `detail` has its entries, the size of its log and the SHA-256 of the file.',
  },
  'audit.export_failed': {
    resource: 'audit_export',
    meaning: 'A bundle that was asked for cannot be made; `detail.problem` says why.',
  },
  'audit.export_downloaded': { resource: 'audit_export', meaning: 'A bundle was downloaded.' },
  'audit.exported': {
    resource: 'organization',
    meaning: 'An operator wrote a bundle of audit entries to a file on the server.',
  },
  'witness.registered': {
    resource: 'witness',
    meaning: 'A witness’s key was entered or replaced; its cosignatures are taken from now on.',
  },
  'witness.removed': { resource: 'witness', meaning: 'A witness was taken out; what it has cosigned stays.' },
} as const satisfies Readonly<Record<string, AuditActionRule>>;

export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** The kind of thing that an action is done to. */
export type AuditResource<Action extends AuditAction = AuditAction> = (typeof AUDIT_ACTIONS)[Action]['resource'];
