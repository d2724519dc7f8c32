import { InvalidRequest, ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { IntentInput, IntentKind, IntentOutcome } from '../../workflows/contracts/approvals.ts';
import { demandHandling } from './access.ts';
import type { ApprovalCreation } from './creation.ts';
import { type ApprovalDetails, openDetails } from './details.ts';
import { IntentRow } from './entities.ts';
import type { ApprovalExecution } from './execution.ts';
import { type NewIntent, recordIntent, type Resubmission } from './intents.ts';
import { presentAmount } from './present.ts';
import { refusalProblem } from './refusals.ts';
import { type Channel, checkDecision, controlSnapshot, type DecisionKind, isClosed } from './rules.ts';
import type { ResubmissionBody } from './schemas.ts';
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

  constructor(parts: { work: UnitOfWork; people: People; creation: ApprovalCreation; execution: ApprovalExecution; workflows: ApprovalWorkflows }) {
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
  async decide(origin: Origin, approval: string, person: string, input: DecisionInput, channel: Channel, id: string, alsoRecord?: (tx: Transaction) => Promise<void>): Promise<void> {
    const attempt = { person, decision: input.decision, ...(input.revision === null ? {} : { revision: input.revision }) };
    const recorded = await this.#work.bookkeep(origin, async (tx) => {
      const known = await tx.em.findOne(IntentRow, { id });
      if (known?.command['decision'] === input.decision) return true;
      const stored = await readApproval(tx.em, origin.organization, approval);
      // A link takes one decision. Both of its buttons, pressed at the same moment, must not both be told that theirs was it.
      if (known) throw refusalProblem('already-decided', stored.row.state);
      const verdict = checkDecision(controlSnapshot(stored.approval), attempt);
      if (verdict === 'repeat') return false;
      // A late decision is recorded all the same; everything else is refused here, and leaves nothing behind.
      const late = verdict === 'approval-closed' && isClosed(stored.approval.state);
      if (verdict !== 'accept' && !late) throw refusalProblem(verdict, stored.approval.state);
      await alsoRecord?.(tx);
      const keys = await this.#work.vault.unlock(tx.em, origin.organization, [person]);
      recordIntent(tx, keys, { id, approval, kind: 'decide', person, channel, command: { decision: input.decision, revision: input.revision }, text: input.comment ? { of: person, text: input.comment } : null });
      return true;
    });
    if (recorded) await this.carryOut(origin.organization, approval, 'decide', { intent: id, attempt });
  }

  async withdraw(caller: Caller, origin: Origin, approval: string, id: string, reason: string | null): Promise<void> {
    await this.#intend(caller, origin, { id, approval, kind: 'withdraw', person: caller.person, channel: 'api', command: {} }, async (tx, stored) => {
      await demandHandling(tx.em, caller, stored);
      return { text: reason ? { of: caller.person ?? stored.row.requester, text: reason } : null };
    });
  }

  /** Hands an approver's place to somebody else: an admin does, or the approver. */
  async reassign(caller: Caller, origin: Origin, approval: string, id: string, fromAlias: string, toAlias: string): Promise<void> {
    await this.#intend(caller, origin, { id, approval, kind: 'reassign', person: caller.person, channel: 'api', command: {} }, async (tx, stored) => {
      const ids = await this.#people.idsOf(tx.em, caller.organization, [fromAlias, toAlias]);
      const from = ids.get(fromAlias);
      await demandHandling(tx.em, caller, stored, from !== undefined && from === caller.person);
      const unknown = [['from_user_id', fromAlias], ['to_user_id', toAlias]].filter(([, alias]) => !ids.has(alias ?? ''));
      if (unknown.length > 0) throw new InvalidRequest(unknown.map(([path]) => ({ path: path ?? '', message: 'there is no such user in your organization' })));
      return { command: { from: from ?? '', to: ids.get(toAlias) ?? '' } };
    });
  }

  async remind(caller: Caller, origin: Origin, approval: string, id: string): Promise<void> {
    await this.#intend(caller, origin, { id, approval, kind: 'remind', person: caller.person, channel: 'api', command: {} }, async (tx, stored) => {
      await demandHandling(tx.em, caller, stored);
      return {};
    });
  }

  /** Replaces what a request says; something material asks everybody again. */
  async resubmit(caller: Caller, origin: Origin, approval: string, id: string, body: ResubmissionBody): Promise<void> {
    await this.#intend(caller, origin, { id, approval, kind: 'resubmit', person: caller.person, channel: 'api', command: {} }, async (tx, stored) => {
      await demandHandling(tx.em, caller, stored);
      return { text: { of: stored.row.requester, text: JSON.stringify(await this.#resubmission(tx, caller, stored, body)) } };
    });
  }

  /** Has a request looked through again because people, roles or absences have changed. */
  async refresh(origin: Origin, approval: string): Promise<void> {
    const id = newId();
    await this.#work.bookkeep(origin, async (tx) => {
      recordIntent(tx, await this.#work.vault.unlock(tx.em, origin.organization, []), { id, approval, kind: 'refresh', person: null, channel: 'system', command: {} });
    });
    await this.#settle(origin.organization, approval, 'refresh', { intent: id });
  }

  /**
   * Has a recorded intent carried out.
   * @throws ProblemError the refusal, or `unavailable`: it then goes on by itself
   */
  async carryOut(organization: string, approval: string, kind: IntentKind, input: IntentInput): Promise<void> {
    const { outcome, refusal } = await this.#settle(organization, approval, kind, input);
    if (outcome === 'applied' || outcome === 'repeated') return;
    const { row } = await this.#work.read(organization, (em) => readApproval(em, organization, approval));
    throw refusalProblem(outcome === 'late' ? 'approval-closed' : (refusal ?? 'invalid-request'), row.state);
  }

  async #settle(organization: string, approval: string, kind: IntentKind, input: IntentInput): Promise<IntentOutcome> {
    const verdict = await this.#workflows.carryOut(organization, approval, kind, input, () => this.#execution.control(organization, approval));
    // The request is closed: what is left to do (recording a late decision) needs no workflow.
    if (verdict === null || verdict.refusal === 'approval-closed') return (await this.#execution.applyIntent({ organization, approval, intent: input.intent, at: new Date() })).result;
    if (verdict.outcome === 'refused') await this.#execution.refuse(organization, input.intent, verdict.refusal ?? 'invalid-request');
    return verdict;
  }

  async #intend(caller: Caller, origin: Origin, intent: NewIntent, check: (tx: Transaction, stored: StoredApproval) => Promise<Partial<Pick<NewIntent, 'text' | 'command'>>>): Promise<void> {
    await this.#work.bookkeep(origin, async (tx) => {
      if (await tx.em.findOne(IntentRow, { id: intent.id })) return;
      const stored = await readApproval(tx.em, caller.organization, intent.approval);
      const more = await check(tx, stored);
      if (isClosed(stored.approval.state)) throw refusalProblem('approval-closed', stored.approval.state);
      const keys = await this.#work.vault.unlock(tx.em, caller.organization, more.text ? [more.text.of] : []);
      recordIntent(tx, keys, { ...intent, ...more });
    });
    await this.carryOut(caller.organization, intent.approval, intent.kind, { intent: intent.id });
  }

  /** Everything as it would be afterwards, and looked through like a new request: nobody resubmits what cannot be met. */
  async #resubmission(tx: Transaction, caller: Caller, stored: StoredApproval, body: ResubmissionBody): Promise<Resubmission> {
    const { row } = stored;
    const keys = await this.#work.vault.unlock(tx.em, caller.organization, [row.requester]);
    const before = openDetails(keys, row.id, row.details);
    if (!before) throw new ProblemError('not-found', 'The requester was erased.');
    const amount = body.amount === undefined ? presentAmount(row) : body.amount;
    const { chain, amount: normal } = await this.#creation.rechain(tx, caller, stored, amount, body.chain ?? null);
    const stageNames = body.chain ? body.chain.stages.map((stage) => stage.name ?? null) : before.stageNames;
    const details: ApprovalDetails = {
      title: body.title ?? before.title,
      description: body.description === undefined ? before.description : body.description,
      context: body.context === undefined ? before.context : body.context,
      stageNames,
    };
    return { details, amount: normal?.value ?? null, currency: normal?.currency ?? null, chain };
  }
}

