import { ProblemError } from '../platform/errors.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import type { ClaimedMessage, Delivery, OutboxHandler } from '../notify/service.ts';
import type { ApprovalCommands } from './commands.ts';
import { AskRow, IntentRow } from './entities.ts';
import type { ApprovalExecution } from './execution.ts';
import type { DecisionKind } from './rules.ts';
import type { ApprovalWorkflows } from './workflow-gateway.ts';

/** Brings to the workflows what was committed for them and has not got there yet. */
export class WorkflowHandler implements OutboxHandler {
  readonly #work: UnitOfWork;
  readonly #commands: ApprovalCommands;
  readonly #execution: ApprovalExecution;
  readonly #workflows: ApprovalWorkflows;

  constructor(parts: { work: UnitOfWork; commands: ApprovalCommands; execution: ApprovalExecution; workflows: ApprovalWorkflows }) {
    this.#work = parts.work;
    this.#commands = parts.commands;
    this.#execution = parts.execution;
    this.#workflows = parts.workflows;

  }

  async deliver(message: ClaimedMessage): Promise<Delivery> {
    try {
      await this.#deliver(message);
      return { outcome: 'delivered' };
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      // A refusal is an answer: the intent says so by now, and trying again would change nothing.
      return error.code === 'unavailable' ? { outcome: 'retry', error: error.code } : { outcome: 'delivered' };
    }
  }

  async #deliver({ organization, reference }: ClaimedMessage): Promise<void> {
    const approval = String(reference['approval']);
    switch (reference['type']) {
      case 'start':
        return this.#start(organization, approval);
      case 'intent':
        return this.#carryOut(organization, approval, String(reference['intent']));
      case 'people-changed':
        return this.#refresh(organization, String(reference['person']));
    }
  }

  async #start(organization: string, approval: string): Promise<void> {
    const control = await this.#execution.control(organization, approval);
    if (!control.snapshot.closed) await this.#workflows.start(organization, approval, control);
  }

  async #carryOut(organization: string, approval: string, id: string): Promise<void> {
    const intent = await this.#work.read(organization, (em) => em.findOneOrFail(IntentRow, { id }));
    if (intent.state !== 'pending') return;
    const decision = intent.command['decision'] as DecisionKind | undefined;
    const revision = intent.command['revision'];
    const attempt = intent.person && decision ? { person: intent.person, decision, ...(typeof revision === 'number' ? { revision } : {}) } : undefined;
    await this.#commands.carryOut(organization, approval, intent.kind, { intent: id, ...(attempt ? { attempt } : {}) });
  }

  /** Looks through every open stage that asks the person, or somebody in whose place they are asked. */
  async #refresh(organization: string, person: string): Promise<void> {
    const asks = await this.#work.read(organization, (em) => em.find(AskRow, { organization, pending: true, $or: [{ person }, { onBehalfOf: person }] }, { fields: ['approval'] }));
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    for (const approval of new Set(asks.map((ask) => ask.approval))) await this.#commands.refresh(origin, approval);
  }
}
