import type { MailContent } from '../platform/mail-message.ts';

/** What mails about a request have in common, opened for the recipient. */
export interface MailedRequest {
  readonly title: string;
  readonly amount: string | null;
  readonly requester: string;
  readonly team: string;
  readonly description: string | null;
}

export type AskPurpose = 'ask' | 'remind' | 'escalate' | 'reassign';

const OPENING: Readonly<Record<AskPurpose, string>> = {
  ask: 'Your decision is needed.',
  remind: 'A reminder: your decision is still needed.',
  escalate: 'Nobody answered in time, so your decision is needed now.',
  reassign: 'This request was handed to you: your decision is needed.',
};
const LONGEST_DESCRIPTION = 1000;

/** Asks somebody to decide. The one link in it shows the request; only the form behind it decides. */
export function askMail(
  request: MailedRequest,
  ask: { purpose: AskPurpose; url: string; insteadOf: string | null; deadline: Date | null },
): MailContent {
  const asWhom = ask.insteadOf ? [`You are asked in place of ${ask.insteadOf}, who is absent.`] : [];
  return {
    subject: `${ask.purpose === 'remind' ? 'Reminder: ' : ''}Approval needed: ${request.title}`,
    paragraphs: [OPENING[ask.purpose], ...asWhom],
    facts: [...factsOf(request), ...(ask.deadline ? [['Answer by', moment(ask.deadline)] as const] : [])],
    action: { label: 'Look at the request and decide', url: ask.url },
    footer:
      'Opening the link decides nothing. It is meant for you alone: whoever has it can decide in your name, so do not forward this mail.',
  };
}

/** Tells the requester how it ended. */
export function outcomeMail(
  request: MailedRequest,
  outcome: { state: string; reason: string; comments: readonly { by: string; text: string }[] },
): MailContent {
  return {
    subject: `${capital(outcome.state)}: ${request.title}`,
    paragraphs: [`Your request “${request.title}” was ${outcome.state}.`, outcome.reason],
    facts: [...factsOf(request), ...outcome.comments.map(({ by, text }) => [`${by} wrote`, text] as const)],
  };
}

export function changesRequestedMail(
  request: MailedRequest,
  change: { by: string; comment: string | null },
): MailContent {
  return {
    subject: `Changes requested: ${request.title}`,
    paragraphs: [
      `${change.by} asks for changes before deciding on your request “${request.title}”. It waits until you resubmit or withdraw it.`,
    ],
    facts: [...factsOf(request), ...(change.comment ? [[`${change.by} wrote`, change.comment] as const] : [])],
  };
}

/** The open stage cannot be met any more; somebody has to do something. */
export function stuckMail(request: MailedRequest, problems: readonly string[]): MailContent {
  return {
    subject: `Cannot be decided as it is: ${request.title}`,
    paragraphs: [
      `The request “${request.title}” waits for people who cannot decide on it. An administrator can reassign it; the requester can withdraw it.`,
      ...problems,
    ],
    facts: factsOf(request),
  };
}

/** The open stage has no deadline, since its calendar gives none: nothing but an answer ends it. */
export function noDeadlineMail(request: MailedRequest, problems: readonly string[]): MailContent {
  return {
    subject: `Waits without a deadline: ${request.title}`,
    paragraphs: [
      `The request “${request.title}” waits without a deadline, since the calendar that its stage counts in gives none. Those who are asked can decide; where they do not, nothing happens by itself.`,
      ...problems,
      'An administrator can change the calendar. The deadline is counted when the stage is asked again: resubmit the request with another amount, context or chain, or withdraw it and make a new one.',
    ],
    facts: factsOf(request),
  };
}

/** A mail that asks an approver will never arrive: they know nothing of the request. */
export function unreachableMail(request: MailedRequest, approver: string): MailContent {
  return {
    subject: `Approver could not be reached by mail: ${request.title}`,
    paragraphs: [
      `${approver} is asked to decide on the request “${request.title}”, but could not be reached by mail: it cannot be delivered to their address. The request still waits for them.`,
      'An administrator can correct the address, which mails them anew, or reassign the request; the requester can withdraw it.',
    ],
    facts: factsOf(request),
  };
}

/** Tells an absent approver what was decided in their place. */
export function decidedForYouMail(request: MailedRequest, decision: { by: string; decision: string }): MailContent {
  return {
    subject: `Decided in your place: ${request.title}`,
    paragraphs: [
      `${decision.by} decided in your place while you are absent: ${decision.decision.replaceAll('_', ' ')}.`,
    ],
    facts: factsOf(request),
  };
}

export function stepUpMail(title: string, code: string, minutes: number): MailContent {
  return {
    // Subjects show on locked screens and in lists, where codes must not.
    subject: 'Your code to confirm a decision',
    paragraphs: [
      `Enter the code ${code} to confirm your decision on “${title}”. It is valid for ${minutes} minutes and for you alone.`,
      'If you did not ask for it, somebody else has your link: tell your administrators.',
    ],
  };
}

function factsOf(request: MailedRequest): (readonly [string, string])[] {
  const rows: (readonly [string, string | null])[] = [
    ['Request', request.title],
    ['Amount', request.amount],
    ['Requested by', request.requester],
    ['Team', request.team],
    ['Description', request.description && shorten(request.description)],
  ];
  return rows.flatMap(([name, value]) => (value ? [[name, value] as const] : []));
}

function shorten(text: string): string {
  return text.length <= LONGEST_DESCRIPTION ? text : `${text.slice(0, LONGEST_DESCRIPTION)}…`;
}

function moment(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
