import { InvalidRequest, onRecord } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { sourceSubject } from '../platform/request-source.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { IntentInput, IntentKind, IntentOutcome } from '../../workflows/contracts/approvals.ts';
import { demandChange, demandHandling, demandReassignment, demandWordsOnly, isOfService } from './access.ts';
import type { ApprovalCreation } from './creation.ts';
import { IntentRow } from './entities.ts';
import type { ApprovalExecution } from './execution.ts';
import { type NewIntent, recordIntent } from './intents.ts';
import { isLateDecisionRecorded } from './late-decisions.ts';
import { presentAmount } from './present.ts';
import { refusalProblem } from './refusals.ts';
import { takeReminder } from './reminders.ts';
import type { NewResubmission } from './resubmissions.ts';
import { type Channel, checkDecision, controlSnapshot, type DecisionKind, isClosed } from './rules.ts';
import type { ReassignmentBody, ResubmissionBody } from './schemas.ts';
import { readApproval, type StoredApproval } from './store.ts';
import type { ApprovalWorkflows } from './workflow-gateway.ts';

export interface DecisionInput {
  readonly decision: DecisionKind;
  readonly comment: string | null;
  readonly revision: number | null;
}

/** Everything that asks a request's workflow to do something: recorded first, then carried out, whoever crashes. */
export class ApprovalCommands {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #creation: ApprovalCreation;
  readonly #execution: ApprovalExecution;
  readonly #workflows: ApprovalWorkflows;

  constructor(parts: {
    work: UnitOfWork;
    people: People;
    creation: ApprovalCreation;
    execution: ApprovalExecution;
    workflows: ApprovalWorkflows;
  }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#creation = parts.creation;
    this.#execution = parts.execution;
    this.#workflows = parts.workflows;
  }

  /**
   * Takes a person's decision.
   * @param alsoRecord what must be written along with the intent (a link that is used up)
   * @throws ProblemError the refusal, where the decision was not taken
   */
  async decide(
    origin: Origin,
    approval: string,
    person: string,
    input: DecisionInput,
    channel: Channel,
    id: string,
    alsoRecord?: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    const accepted = await this.#work.bookkeep(origin, async (tx) => {
      const known = await tx.em.findOne(IntentRow, { id });
      const stored = await readApproval(tx.em, origin.organization, approval);
      // Whoever names no revision means the one that is there now: what comes after it was not what they agreed to.
      const seen = known?.command['revision'] ?? input.revision ?? stored.approval.revision;
      const attempt = { person, decision: input.decision, revision: Number(seen) };
      const { version } = stored.row;
      if (known?.command['decision'] === input.decision) return { attempt, version };
      // A link takes one decision. Both of its buttons, pressed at the same moment, must not both be told that theirs was it.
      if (known) throw refusalProblem('already-decided', stored.row.state);
      const verdict = checkDecision(controlSnapshot(stored.approval), attempt);
      if (verdict === 'repeat') return null;
      // A late decision is recorded all the same; everything else is refused here, and leaves nothing behind.
      const late =
        verdict === 'approval-closed' &&
        isClosed(stored.approval.state) &&
        !(await isLateDecisionRecorded(tx.em, stored, person, input.decision));
      if (verdict !== 'accept' && !late) throw refusalProblem(verdict, stored.approval.state);
      await alsoRecord?.(tx);
      const keys = await this.#work.vault.unlock(tx.em, origin.organization, [person, sourceSubject(origin)]);
      recordIntent(tx, keys, {
        id,
        approval,
        kind: 'decide',
        person,
        channel,
        command: { decision: input.decision, revision: attempt.revision },
        text: input.comment ? { of: person, text: input.comment } : null,
      });
      return { attempt, version };
    });
    if (accepted) await this.carryOut(origin.organization, approval, 'decide', { intent: id, ...accepted });
  }

  async withdraw(caller: Caller, origin: Origin, approval: string, id: string, reason: string | null): Promise<void> {
    await this.#intend(
      caller,
      origin,
      { id, approval, kind: 'withdraw', person: caller.person, channel: 'api', command: {} },
      async (tx, stored) => {
        await demandChange(tx.em, caller, stored);
        return { text: reason ? { of: caller.person ?? stored.row.requester, text: reason } : null };
      },
    );
  }

  /** Hands an approver's place to somebody else: an admin does, or the approver. */
  async reassign(caller: Caller, origin: Origin, approval: string, id: string, body: ReassignmentBody): Promise<void> {
    await this.#intend(
      caller,
      origin,
      { id, approval, kind: 'reassign', person: caller.person, channel: 'api', command: {} },
      async (tx, stored) => {
        const { from, to } = await this.#placeHolders(tx, caller.organization, body);
        await demandReassignment(tx.em, caller, stored, from);
        return { command: reassignment(body, from, to) };
      },
    );
  }

  async remind(caller: Caller, origin: Origin, approval: string, id: string): Promise<void> {
    await this.#intend(
      caller,
      origin,
      { id, approval, kind: 'remind', person: caller.person, channel: 'api', command: {} },
      async (tx, stored) => {
        await demandHandling(tx.em, caller, stored);
        return isClosed(stored.approval.state) ? {} : { command: await takeReminder(tx, stored) };
      },
    );
  }

  /** Changes what a request says; something material asks everybody again. */
  async resubmit(caller: Caller, origin: Origin, approval: string, id: string, body: ResubmissionBody): Promise<void> {
    await this.#intend(
      caller,
      origin,
      { id, approval, kind: 'resubmit', person: caller.person, channel: 'api', command: {} },
      async (tx, stored) => {
        await demandChange(tx.em, caller, stored);
        return {
          text: { of: stored.row.requester, text: JSON.stringify(await this.#resubmission(tx, caller, stored, body)) },
        };
      },
    );
  }

  /**
   * Has a recorded intent carried out.
   * @throws ProblemError the refusal, or `unavailable`: it then goes on by itself
   */
  async carryOut(organization: string, approval: string, kind: IntentKind, input: IntentInput): Promise<void> {
    const { outcome, refusal } = await this.#settle(organization, approval, kind, input);
    if (outcome === 'applied' || outcome === 'repeated') return;
    const { row } = await this.#work.read(organization, (em) => readApproval(em, organization, approval));
    throw onRecord(refusalProblem(outcome === 'late' ? 'approval-closed' : (refusal ?? 'invalid-request'), row.state));
  }

  async #settle(
    organization: string,
    approval: string,
    kind: IntentKind,
    input: IntentInput,
    sentBefore: boolean = false,
  ): Promise<IntentOutcome> {
    const verdict = await this.#workflows.carryOut(organization, approval, kind, input, () =>
      this.#execution.control(organization, approval),
    );
    if (verdict?.refusal === 'approval-closed' || verdict === null) {
      const { snapshot, version } = await this.#execution.control(organization, approval);
      // The request is closed: what is left to do (recording a late decision) needs no workflow.
      if (snapshot.closed || verdict === null)
        return (await this.#execution.applyIntent({ organization, approval, intent: input.intent, at: new Date() }))
          .result;
      // It waited for changes, and they have come since: only its workflow may carry out what is done to an open request.
      if (snapshot.state === 'pending' && !sentBefore && (await this.#isPending(organization, input.intent)))
        return this.#settle(organization, approval, kind, { ...input, version }, true);
    }
    if (verdict.outcome === 'refused')
      await this.#execution.refuse(organization, input.intent, verdict.refusal ?? 'invalid-request');
    return verdict;
  }

  /** Whether the workflow's validator refused it, which leaves nothing behind, rather than the transition itself. */
  #isPending(organization: string, intent: string): Promise<boolean> {
    return this.#work.read(
      organization,
      async (em) => (await em.findOneOrFail(IntentRow, { id: intent })).state === 'pending',
    );
  }

  async #intend(
    caller: Caller,
    origin: Origin,
    intent: NewIntent,
    check: (tx: Transaction, stored: StoredApproval) => Promise<Partial<Pick<NewIntent, 'text' | 'command'>>>,
  ): Promise<void> {
    await this.#work.bookkeep(origin, async (tx) => {
      if (await tx.em.findOne(IntentRow, { id: intent.id })) return;
      const stored = await readApproval(tx.em, caller.organization, intent.approval);
      const more = await check(tx, stored);
      if (isClosed(stored.approval.state)) throw refusalProblem('approval-closed', stored.approval.state);
      const keys = await this.#work.vault.unlock(tx.em, caller.organization, [
        sourceSubject(origin),
        ...(more.text ? [more.text.of] : []),
      ]);
      recordIntent(tx, keys, { ...intent, ...more });
    });
    await this.carryOut(caller.organization, intent.approval, intent.kind, { intent: intent.id });
  }

  /** Only what was named; looked through like a new request all the same: nobody resubmits what cannot be met. */
  async #resubmission(
    tx: Transaction,
    caller: Caller,
    stored: StoredApproval,
    body: ResubmissionBody,
  ): Promise<NewResubmission> {
    const { row } = stored;
    const { amount, chain: sent } = body;
    if (isOfService(stored)) {
      demandWordsOnly(body);
      const checked = { revision: row.revision, amount: presentAmount(row), chain: row.chain };
      return { details: changedDetails(body), sentChain: false, checked };
    }
    const { chain, amount: checked } = await this.#creation.rechain(
      tx,
      caller,
      stored,
      amount === undefined ? presentAmount(row) : amount,
      sent ?? null,
    );
    return {
      details: changedDetails(body),
      ...(amount === undefined ? {} : { amount: checked }),
      sentChain: sent !== undefined,
      checked: { revision: row.revision, amount: checked, chain },
    };
  }

  /** Whose place it is, who may be gone and who may be a guest, and who takes it over. */
  async #placeHolders(
    { em }: Transaction,
    organization: string,
    { from_user_id, from_email, to_user_id }: ReassignmentBody,
  ): Promise<{ from: string | null; to: string | null }> {
    const from =
      from_email === undefined
        ? await this.#people.byAlias(em, organization, from_user_id ?? '')
        : await this.#people.byEmail(em, organization, from_email);
    const to = (await this.#people.idsOf(em, organization, [to_user_id])).get(to_user_id);
    return { from: from?.id ?? null, to: to ?? null };
  }
}

function changedDetails({ title, description, context, chain }: ResubmissionBody): NewResubmission['details'] {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(context === undefined ? {} : { context }),
    ...(chain === undefined ? {} : { stageNames: chain.stages.map((stage) => stage.name ?? null) }),
  };
}

/** @throws InvalidRequest where one of them is not there, or both are the same person */
function reassignment(body: ReassignmentBody, from: string | null, to: string | null): { from: string; to: string } {
  const errors = [
    ...(from === null
      ? [{ path: body.from_email === undefined ? 'from_user_id' : 'from_email', message: NO_SUCH_USER }]
      : []),
    ...(to === null
      ? [{ path: 'to_user_id', message: NO_SUCH_USER }]
      : from === to
        ? [{ path: 'to_user_id', message: 'must be somebody else' }]
        : []),
  ];
  if (from === null || to === null || errors.length > 0) throw new InvalidRequest(errors);
  return { from, to };
}

const NO_SUCH_USER = 'there is no such user in your organization';
