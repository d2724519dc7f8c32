import { newId } from '../platform/ids.ts';
import { type MailContent, mailMessage } from '../platform/mail-message.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { makeLink } from './links.ts';
import {
  type AskPurpose,
  askMail,
  changesRequestedMail,
  decidedForYouMail,
  noDeadlineMail,
  outcomeMail,
  stuckMail,
  unreachableMail,
} from './mails.ts';
import {
  type Approval,
  type ApprovalEvent,
  type Candidate,
  describeOutcome,
  describeProblem,
  type Problem,
} from './rules.ts';
import type { StoredApproval } from './store.ts';
import type { Told } from './told.ts';

/** Who is told what by mail when something happens to a request. Lives as long as one transaction. */
export class ApprovalMailer {
  readonly #tx: Transaction;
  readonly #stored: StoredApproval;
  readonly #after: Approval;
  readonly #told: Told;
  readonly #publicUrl: string;

  constructor(parts: { tx: Transaction; stored: StoredApproval; after: Approval; told: Told; publicUrl: string }) {
    this.#tx = parts.tx;
    this.#stored = parts.stored;
    this.#after = parts.after;
    this.#told = parts.told;
    this.#publicUrl = parts.publicUrl;
  }

  /** @param words what whoever brought it about wrote along with it */
  tell(event: ApprovalEvent, words: { readonly by: string | null; readonly text: string | null }): void {
    switch (event.type) {
      case 'stage_opened':
      case 'asked':
        return this.#ask(event.stage, event.candidates, 'ask');
      case 'escalated':
        return this.#ask(event.stage, event.candidates, 'escalate');
      case 'reassigned':
        return this.#ask(event.stage, [event.to], 'reassign');
      case 'reminded':
        return this.#ask(event.stage, this.#askedIn(event.stage, event.people), 'remind');
      case 'decided':
        return this.#tellAbsent(event);
      case 'changes_requested':
        return this.#tellChangesRequested(event, words.text);
      case 'stuck':
        return this.#tellStuck(event);
      case 'approved':
      case 'rejected':
      case 'withdrawn':
      case 'expired':
        return this.#tellOutcome(event, words);
    }
  }

  /** An approver will not get the mail that asks them: whoever can do something about it is told. */
  tellUnreachable({ person, stage }: { person: string; stage: number }): void {
    const content = unreachableMail(this.#told.request, this.#told.profiles.nameOf(person));
    for (const other of this.#inCharge())
      if (other !== person) this.#post(other, content, 'unreachable', { stage }, [person]);
  }

  /** One message per approver, with a link of its own. */
  #ask(stage: number, candidates: readonly Candidate[], purpose: AskPurpose): void {
    const deadline = this.#after.stages[stage]?.deadlineAt ?? null;
    for (const { person, onBehalfOf } of candidates) {
      const { id: link, token } = makeLink(this.#tx, {
        approval: this.#stored.row.id,
        revision: this.#after.revision,
        stage,
        person,
      });
      const insteadOf = onBehalfOf ? this.#told.profiles.nameOf(onBehalfOf) : null;
      const content = askMail(this.#told.request, {
        purpose,
        url: `${this.#publicUrl}/r/${token}`,
        insteadOf,
        deadline,
      });
      this.#post(person, content, purpose, { stage, link }, onBehalfOf ? [onBehalfOf] : []);
    }
  }

  #askedIn(stage: number, people: readonly string[]): Candidate[] {
    return this.#after.stages[stage]?.asked.filter((candidate) => people.includes(candidate.person)) ?? [];
  }

  #tellAbsent({ stage, person, onBehalfOf, decision }: ApprovalEvent & { type: 'decided' }): void {
    if (!onBehalfOf) return;
    const content = decidedForYouMail(this.#told.request, { by: this.#told.profiles.nameOf(person), decision });
    this.#post(onBehalfOf, content, 'decided-for-you', { stage }, [person]);
  }

  #tellChangesRequested(
    { stage, person }: ApprovalEvent & { type: 'changes_requested' },
    comment: string | null,
  ): void {
    const content = changesRequestedMail(this.#told.request, { by: this.#told.profiles.nameOf(person), comment });
    this.#post(this.#stored.row.requester, content, 'changes-requested', { stage }, [person]);
  }

  #tellStuck({ stage, problems }: ApprovalEvent & { type: 'stuck' }): void {
    const [untimed, unmet] = [problems.filter(isOfCalendar), problems.filter((problem) => !isOfCalendar(problem))];
    for (const person of this.#inCharge()) {
      if (unmet.length > 0)
        this.#post(person, stuckMail(this.#told.request, unmet.map(describeProblem)), 'stuck', { stage });
      if (untimed.length > 0)
        this.#post(person, noDeadlineMail(this.#told.request, untimed.map(describeProblem)), 'no-deadline', { stage });
    }
  }

  #tellOutcome(
    event: ApprovalEvent & { type: 'approved' | 'rejected' | 'withdrawn' | 'expired' },
    { by, text }: { by: string | null; text: string | null },
  ): void {
    const comments = by && text ? [{ by: this.#told.profiles.nameOf(by), text }] : [];
    const content = outcomeMail(this.#told.request, {
      state: event.type,
      reason: describeOutcome(event.reason),
      comments,
    });
    this.#post(this.#stored.row.requester, content, 'outcome', { stage: null }, by ? [by] : []);
  }

  #inCharge(): Set<string> {
    return new Set([this.#stored.row.requester, ...this.#told.admins]);
  }

  /** Sealed for the recipient, the requester and whoever else is named: readable only while all of them are known. */
  #post(
    person: string,
    content: MailContent,
    purpose: string,
    about: { readonly stage: number | null; readonly link?: string },
    named: readonly string[] = [],
  ): void {
    const { profiles } = this.#told;
    const { email } = profiles.of(person);
    if (email === null) return;
    const { id: approval, requester } = this.#stored.row;
    const subjects = [...new Set([person, requester, ...named])].filter(
      (subject) => profiles.of(subject).email !== null,
    );
    this.#tx.enqueue(
      mailMessage({
        ...content,
        id: newId(this.#tx.at),
        to: email,
        subjects,
        reference: { kind: 'approval', approval, purpose, person, ...about },
      }),
    );
  }
}

function isOfCalendar({ code }: Problem): boolean {
  return code === 'unknown-calendar' || code === 'calendar-too-sparse';
}
