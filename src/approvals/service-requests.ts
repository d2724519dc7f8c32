import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../platform/ids.ts';
import type { OutboxMessage, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { approvalHierarchy, FactsReader, type People, teamPath } from '../tenancy/service.ts';
import type { ApprovalExecution } from './execution.ts';
import { factsFor } from './facts.ts';
import { recordIntent } from './intents.ts';
import { addRequest } from './new-request.ts';
import {
  type ApprovalStateName,
  type Chain,
  chainsForService,
  isApprovedByPeople,
  isClosed,
  type Parties,
  preview,
} from './rules.ts';
import { readApproval } from './store.ts';

/** What Countersign itself asks for; ids are internal. */
export interface ServiceRequest {
  readonly id: string;
  /** The whole organization is the team whose id is the organization's. */
  readonly team: string;
  readonly title: string;
  readonly description: string;
  readonly amount: { readonly value: string; readonly currency: string };
  /** Whom it is for: never decides on it. */
  readonly beneficiary: string | null;
  readonly expiresAt: Date;
  /** What goes into the outbox when it is closed, however that comes; not where the service takes it back itself. */
  readonly onClosed: Pick<OutboxMessage, 'channel' | 'reference'>;
}

/** Where such a request stands. */
export interface ServiceRequestOutcome {
  readonly state: ApprovalStateName;
  readonly isClosed: boolean;
  /** It is approved, and by people: what is done then by itself is never done for want of an answer. */
  readonly isAgreed: boolean;
}

/** Requests of kind `spend` that Countersign makes in its own name, inside the transaction of whoever needs them. */
export class ServiceRequests {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #execution: ApprovalExecution;

  constructor(parts: { work: UnitOfWork; people: People; execution: ApprovalExecution }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#execution = parts.execution;
  }

  /**
   * Makes a request and asks its first stage; the relay starts its workflow.
   * @returns false where there is nobody who could decide: nothing was made
   */
  async ask(tx: Transaction, request: ServiceRequest): Promise<boolean> {
    const { em, at, origin } = tx;
    const { id, team, title, description, amount, beneficiary, expiresAt, onClosed } = request;
    const { id: requester } = await this.#people.service(tx);
    const facts = await factsFor(new FactsReader(em, origin.organization, at), { team, requester });
    const context = { at, facts, calendars: new Map() };
    const parties = { requester, creator: null, beneficiary };
    const chain = await this.#chain(tx, request, parties, context);
    if (!chain) return false;
    const stored = await addRequest(tx, this.#work.vault, {
      id,
      team,
      kind: 'spend',
      parties,
      creatorKey: null,
      amount,
      chain,
      details: { title, description, context: null, stageNames: [] },
      expiresAt,
      onClosed,
    });
    await this.#execution.open(tx, stored, context);
    tx.record({
      action: 'approval.created',
      resource: { type: 'approval', id },
      team: team === origin.organization ? null : team,
      onBehalfOf: requester,
      detail: { kind: 'spend', stages: chain.stages.length, origin: chain.origin, state: stored.row.state },
    });
    tx.enqueue({ id, channel: 'workflow', reference: { type: 'start', approval: id } });
    return true;
  }

  /** Takes a request back that is not needed any more; one that is closed stays as it is. */
  async withdraw(tx: Transaction, approval: string, reason: string): Promise<void> {
    const { row } = await readApproval(tx.em, tx.origin.organization, approval);
    if (isClosed(row.state)) return;
    recordIntent(
      tx,
      await this.#work.vault.unlock(tx.em, tx.origin.organization, [row.requester]),
      {
        id: newId(tx.at),
        approval,
        kind: 'withdraw',
        person: null,
        channel: 'system',
        command: {},
        text: { of: row.requester, text: reason },
      },
      tx.at,
    );
  }

  /** @throws NotFound */
  async outcomeOf(em: EntityManager, organization: string, id: string): Promise<ServiceRequestOutcome> {
    const { approval } = await readApproval(em, organization, id);
    const { state } = approval;
    return { state, isClosed: isClosed(state), isAgreed: isApprovedByPeople(approval) };
  }

  /** The first chain that can be met. */
  async #chain(
    { em, at, origin }: Transaction,
    { team, amount }: ServiceRequest,
    parties: Parties,
    { facts, calendars }: { facts: Parameters<typeof preview>[1]; calendars: Parameters<typeof preview>[5] },
  ): Promise<Chain | null> {
    const hierarchy = await approvalHierarchy(em, await teamPath(em, origin.organization, team));
    const chains = chainsForService(hierarchy, amount.value);
    return (
      chains.find((chain) => preview(chain, facts, parties, amount.value, at, calendars).problems.length === 0) ?? null
    );
  }
}
