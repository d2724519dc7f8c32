import type { EntityManager } from '@mikro-orm/postgresql';
import type { Vault } from '../platform/crypto/vault.ts';
import type { EventPublisher } from '../notify/service.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { FactsReader, type People, type Profiles, teamsById } from '../tenancy/service.ts';
import { type ApprovalDetails, openDetails } from './details.ts';
import type { Seat } from './link-standing.ts';
import { ApprovalMailer } from './mailer.ts';
import type { MailedRequest } from './mails.ts';
import { presentAmount } from './present.ts';
import { requestTeam } from './request-team.ts';
import type { Approval, ApprovalEvent, Candidate } from './rules.ts';
import type { StoredApproval } from './store.ts';
import { writeCreated, writeTimeline } from './timeline-log.ts';
import type { Told } from './told.ts';
import { tellCreated, tellWebhooks } from './webhook-events.ts';

/** What somebody wrote along with the command that led to the events. */
export interface Accompanied {
  /** The intent that it came with. */
  readonly intent: string | null;
  readonly comment: string | null;
}

/** Nobody wrote anything: a timer did it, or the rules. */
export const NOTHING_WRITTEN: Accompanied = { intent: null, comment: null };

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

  async announce(
    tx: Transaction,
    stored: StoredApproval,
    after: Approval,
    events: readonly ApprovalEvent[],
    accompanied: Accompanied,
  ): Promise<void> {
    await this.#announce(tx, stored, after, events, accompanied, await this.#toldOf(tx, stored, events));
  }

  /** As `announce`, for what happens to a request in the transaction that makes it; says first that it was made. */
  async announceNew(
    tx: Transaction,
    stored: StoredApproval,
    after: Approval,
    events: readonly ApprovalEvent[],
  ): Promise<void> {
    const told = await this.#toldOf(tx, stored, events);
    writeCreated(tx, stored);
    await tellCreated(this.#webhooks, tx, stored, stored.approval, told);
    await this.#announce(tx, stored, after, events, NOTHING_WRITTEN, told);
  }

  async #announce(
    tx: Transaction,
    stored: StoredApproval,
    after: Approval,
    events: readonly ApprovalEvent[],
    accompanied: Accompanied,
    told: Told,
  ): Promise<void> {
    writeTimeline(tx, stored, events, accompanied.intent);
    const decider = events.find((event) => event.type === 'decided')?.person ?? null;
    const mailer = this.#mailer(tx, stored, after, told);
    for (const event of events) mailer.tell(event, { by: decider, text: accompanied.comment });
    await tellWebhooks(this.#webhooks, tx, stored, after, events, told);
    tx.touch(stored.row.id);
  }

  /** Mails a fresh link to somebody who is asked already. Nothing has happened to the request. */
  async askAgain(tx: Transaction, stored: StoredApproval, { stage, candidate }: Seat): Promise<void> {
    const event = { type: 'asked', at: tx.at, stage: stage.index, candidates: [candidate] } as const;
    const told = await this.#told(tx, stored, { people: peopleOf(event), withAdmins: false });
    this.#mailer(tx, stored, stored.approval, told).tell(event, { by: null, text: null });
  }

  /** Tells requester and admins that an approver cannot be asked by mail. */
  async tellUnreachable(
    tx: Transaction,
    stored: StoredApproval,
    unreachable: { person: string; stage: number },
  ): Promise<void> {
    const told = await this.#told(tx, stored, { people: [unreachable.person], withAdmins: true });
    this.#mailer(tx, stored, stored.approval, told).tellUnreachable(unreachable);
  }

  #toldOf(tx: Transaction, stored: StoredApproval, events: readonly ApprovalEvent[]): Promise<Told> {
    return this.#told(tx, stored, {
      people: events.flatMap(peopleOf),
      withAdmins: events.some((event) => event.type === 'stuck'),
    });
  }

  #mailer(tx: Transaction, stored: StoredApproval, after: Approval, told: Told): ApprovalMailer {
    return new ApprovalMailer({ tx, stored, after, told, publicUrl: this.#publicUrl });
  }

  /** Opens what the mails and webhooks say, once for all of them. */
  async #told(
    tx: Transaction,
    stored: StoredApproval,
    about: { people: readonly string[]; withAdmins: boolean },
  ): Promise<Told> {
    const { em, origin, at } = tx;
    const { row } = stored;
    const admins = about.withAdmins ? await adminsOf(em, origin.organization, row.team, at) : [];
    const people = [row.requester, ...admins, ...about.people];
    const profiles = await this.#people.profiles(em, origin.organization, people);
    const keys = await this.#vault.unlock(em, origin.organization, [row.requester]);
    const details = openDetails(keys, row.id, row.details);
    const team = requestTeam(row, await teamsById(em, [row.team]));
    return {
      profiles,
      details,
      admins,
      team,
      request: requestOf(stored, details, profiles, team.name),
    };
  }
}

function peopleOf(event: ApprovalEvent): string[] {
  const all = (candidates: readonly Candidate[]) =>
    candidates.flatMap(({ person, onBehalfOf }) => (onBehalfOf ? [person, onBehalfOf] : [person]));
  switch (event.type) {
    case 'stage_opened':
    case 'asked':
    case 'escalated':
      return all(event.candidates);
    case 'reassigned':
      return all([event.to]);
    case 'reminded':
      return [...event.people];
    case 'decided':
    case 'late_decision':
      return event.onBehalfOf ? [event.person, event.onBehalfOf] : [event.person];
    case 'changes_requested':
      return [event.person];
    default:
      return [];
  }
}

function requestOf(
  stored: StoredApproval,
  details: ApprovalDetails | null,
  profiles: Profiles,
  team: string,
): MailedRequest {
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
