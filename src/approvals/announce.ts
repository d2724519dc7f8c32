import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../platform/crypto/vault.ts';
import type { EventPublisher } from '../notify/service.ts';
import { newId } from '../platform/ids.ts';
import { type MailContent, mailMessage } from '../platform/mail-message.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { FactsReader, type People, type Profiles, teamsById } from '../tenancy/service.ts';
import { type ApprovalDetails, openDetails } from './details.ts';
import { TimelineRow } from './entities.ts';
import { makeLink } from './links.ts';
import { type AskPurpose, askMail, changesRequestedMail, decidedForYouMail, type MailedRequest, outcomeMail, stuckMail } from './mails.ts';
import { presentAmount } from './present.ts';
import { type Approval, type ApprovalEvent, type Candidate, describeOutcome, describeProblem, timelineEntry } from './rules.ts';
import type { StoredApproval } from './store.ts';
import type { Told } from './told.ts';
import { tellCreated, tellWebhooks } from './webhook-events.ts';

/** What somebody wrote along with the command that led to the events. */
export interface Accompanied {
  /** The decision's id, where the events hold one. */
  readonly decision: string | null;
  readonly comment: string | null;
}

/** Has everybody told what happened: the timeline, mails to whoever is asked or concerned, webhooks. All in the transaction. */
export class Announcer {
  readonly #vault: Vault;
  readonly #people: People;
  readonly #webhooks: EventPublisher;
  readonly #publicUrl: string;

  constructor(parts: { vault: Vault; people: People; webhooks: EventPublisher; publicUrl: string }) {
    this.#vault = parts.vault;
    this.#people = parts.people;
    this.#webhooks = parts.webhooks;
    this.#publicUrl = parts.publicUrl;
  }

  async announce(tx: Transaction, stored: StoredApproval, after: Approval, events: readonly ApprovalEvent[], accompanied: Accompanied): Promise<void> {
    writeTimeline(tx, stored, events, accompanied.decision);
    const told = await this.#told(tx, stored, events);
    const decider = events.find((event) => event.type === 'decided')?.person ?? null;
    for (const event of events) this.#mail(tx, stored, after, event, told, { ...accompanied, decider });
    await tellWebhooks(this.#webhooks, tx, stored, after, events, told);
    tx.touch(stored.row.id);
  }

  /** Says in the timeline and to webhooks that a request was made; nothing has happened to it yet. */
  async created(tx: Transaction, stored: StoredApproval): Promise<void> {
    tx.em.persist(tx.em.create(TimelineRow, {
      id: newId(tx.at), organization: tx.origin.organization, approval: stored.row.id, at: tx.at, seq: 0, type: 'created', person: stored.row.requester,
      channel: 'api', detail: `Requested by ${stored.row.creator === stored.row.requester ? 'the requester' : 'somebody else in the requester’s name'}.`,
    }));
    await tellCreated(this.#webhooks, tx, stored, stored.approval, await this.#told(tx, stored, []));
  }

  /** Opens what the mails and webhooks say, once for all of them. */
  async #told(tx: Transaction, stored: StoredApproval, events: readonly ApprovalEvent[]): Promise<Told> {
    const { em, origin, at } = tx;
    const { row } = stored;
    const admins = events.some((event) => event.type === 'stuck') ? await adminsOf(em, origin.organization, row.team, at) : [];
    const people = [row.requester, ...admins, ...events.flatMap(peopleOf)];
    const profiles = await this.#people.profiles(em, origin.organization, people);
    const keys = await this.#vault.unlock(em, origin.organization, [row.requester]);
    const details = openDetails(keys, row.id, row.details);
    const team = (await teamsById(em, [row.team])).get(row.team);
    return { profiles, details, admins, team: { alias: team?.alias ?? '', name: team?.name ?? '' }, request: requestOf(stored, details, profiles, team?.name ?? '') };
  }

  #mail(tx: Transaction, stored: StoredApproval, after: Approval, event: ApprovalEvent, told: Told, accompanied: Accompanied & { decider: string | null }): void {
    const { row } = stored;
    const post = (to: string, content: MailContent, purpose: string, more: { stage?: number; subjects?: readonly string[] } = {}) =>
      this.#post(tx, stored, told, to, content, purpose, more);
    switch (event.type) {
      case 'stage_opened':
        return this.#ask(tx, stored, after, event.stage, event.candidates, 'ask', told);
      case 'asked':
        return this.#ask(tx, stored, after, event.stage, event.candidates, 'ask', told);
      case 'escalated':
        return this.#ask(tx, stored, after, event.stage, event.candidates, 'escalate', told);
      case 'reassigned':
        return this.#ask(tx, stored, after, event.stage, [event.to], 'reassign', told);
      case 'reminded': {
        const asked = after.stages[event.stage]?.asked ?? [];
        return this.#ask(tx, stored, after, event.stage, asked.filter((candidate) => event.people.includes(candidate.person)), 'remind', told);
      }
      case 'decided':
        if (event.onBehalfOf) post(event.onBehalfOf, decidedForYouMail(told.request, { by: told.profiles.nameOf(event.person), decision: event.decision }), 'decided-for-you', { stage: event.stage, subjects: [event.person] });
        return;
      case 'changes_requested':
        return post(row.requester, changesRequestedMail(told.request, { by: told.profiles.nameOf(event.person), comment: accompanied.comment }), 'changes-requested', { stage: event.stage, subjects: [event.person] });
      case 'stuck':
        for (const person of new Set([row.requester, ...told.admins])) post(person, stuckMail(told.request, event.problems.map(describeProblem)), 'stuck', { stage: event.stage });
        return;
      case 'approved':
      case 'rejected':
      case 'withdrawn':
      case 'expired': {
        const { decider, comment } = accompanied;
        const comments = comment && decider ? [{ by: told.profiles.nameOf(decider), text: comment }] : [];
        return post(row.requester, outcomeMail(told.request, { state: event.type, reason: describeOutcome(event.reason), comments }), 'outcome', { subjects: decider ? [decider] : [] });
      }
    }
  }

  #ask(tx: Transaction, stored: StoredApproval, after: Approval, stage: number, candidates: readonly Candidate[], purpose: AskPurpose, told: Told): void {
    const deadline = after.stages[stage]?.deadlineAt ?? null;
    for (const { person, onBehalfOf } of candidates) {
      const { token } = makeLink(tx, { approval: stored.row.id, revision: after.revision, stage, person });
      const insteadOf = onBehalfOf ? told.profiles.nameOf(onBehalfOf) : null;
      const content = askMail(told.request, { purpose, url: `${this.#publicUrl}/r/${token}`, insteadOf, deadline });
      this.#post(tx, stored, told, person, content, purpose, { stage, subjects: onBehalfOf ? [onBehalfOf] : [] });
    }
  }

  /** Sealed for the recipient, the requester and whoever else is named: readable only while all of them are known. */
  #post(tx: Transaction, stored: StoredApproval, told: Told, person: string, content: MailContent, purpose: string, { stage, subjects = [] }: { stage?: number; subjects?: readonly string[] }): void {
    const { email } = told.profiles.of(person);
    if (email === null) return;
    const { row } = stored;
    const known = [...new Set([person, row.requester, ...subjects])].filter((subject) => told.profiles.of(subject).email !== null);
    tx.enqueue(mailMessage({ ...content, id: newId(tx.at), to: email, subjects: known, reference: { kind: 'approval', approval: row.id, purpose, person, stage: stage ?? null } }));
  }
}

/** Adds what happened to the timeline, in the order in which it happened. */
export function writeTimeline(tx: Transaction, stored: StoredApproval, events: readonly ApprovalEvent[], decision: string | null): void {
  const { em, origin } = tx;
  events.forEach((event, index) => {
    const entry = timelineEntry(event);
    if (!entry) return;
    em.persist(em.create(TimelineRow, {
      id: newId(tx.at), organization: origin.organization, approval: stored.row.id, at: event.at, seq: stored.row.version * 1000 + index,
      type: entry.type, stage: entry.stage ?? null, person: entry.person ?? null, channel: entry.channel ?? null, detail: entry.detail,
      decision: entry.type === 'decided' || entry.type === 'late_decision' ? (entry.person ? decision : null) : null,
    }));
  });
}

function peopleOf(event: ApprovalEvent): string[] {
  const all = (candidates: readonly Candidate[]) => candidates.flatMap(({ person, onBehalfOf }) => (onBehalfOf ? [person, onBehalfOf] : [person]));
  switch (event.type) {
    case 'stage_opened': case 'asked': case 'escalated': return all(event.candidates);
    case 'reassigned': return all([event.to]);
    case 'reminded': return [...event.people];
    case 'decided': case 'late_decision': return event.onBehalfOf ? [event.person, event.onBehalfOf] : [event.person];
    case 'changes_requested': return [event.person];
    default: return [];
  }
}

function requestOf(stored: StoredApproval, details: ApprovalDetails | null, profiles: Profiles, team: string): MailedRequest {
  const amount = presentAmount(stored.row);
  return {
    title: details?.title ?? 'a request whose requester was erased',
    amount: amount && `${amount.value} ${amount.currency}`,
    requester: profiles.nameOf(stored.row.requester),
    team,
    description: details?.description ?? null,
  };
}

/** Owners and admins of the request's team and of everything above it. */
async function adminsOf(em: EntityManager, organization: string, team: string, at: Date): Promise<string[]> {
  const { holders } = await new FactsReader(em, organization, at).ofTeam(team);
  return [...new Set(holders.filter(({ role }) => role === 'owner' || role === 'admin').map(({ person }) => person))];
}
