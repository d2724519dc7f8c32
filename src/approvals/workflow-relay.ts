import { ProblemError } from '../platform/errors.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import type { ClaimedMessage, Delivery, OutboxHandler } from '../notify/service.ts';
import type { ApprovalCommands } from './commands.ts';
import { IntentRow } from './entities.ts';
import type { ApprovalExecution } from './execution.ts';
import { recordIntent } from './intents.ts';
import { type PeopleChanges, systemOrigin } from './people-changes.ts';
import type { DecisionKind } from './rules.ts';
import { readApproval } from './store.ts';
import type { ApprovalWorkflows } from './workflow-gateway.ts';

/** Brings to the workflows what was committed for them and has not got there yet. */
export class WorkflowHandler implements OutboxHandler {
  readonly #work: UnitOfWork;
  readonly #commands: ApprovalCommands;
  readonly #execution: ApprovalExecution;
  readonly #workflows: ApprovalWorkflows;
  readonly #people: PeopleChanges;

  constructor(parts: {
    work: UnitOfWork;
    commands: ApprovalCommands;
    execution: ApprovalExecution;
    workflows: ApprovalWorkflows;
    people: PeopleChanges;
  }) {
    this.#work = parts.work;
    this.#commands = parts.commands;
    this.#execution = parts.execution;
    this.#workflows = parts.workflows;
    this.#people = parts.people;
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

  async #deliver(message: ClaimedMessage): Promise<void> {
    const { organization, reference } = message;
    const approval = String(reference['approval']);
    switch (reference['type']) {
      case 'start':
        return this.#start(organization, approval);
      case 'intent':
        return this.#carryOut(organization, approval, String(reference['intent']));
      case 'people-changed':
        return this.#people.spread(message);
      case 'refresh':
        return this.#refresh(organization, approval, String(reference['intent']));
      case 'ask-again':
        return this.#people.askAgain(message);
    }
  }

  async #start(organization: string, approval: string): Promise<void> {
    const control = await this.#execution.control(organization, approval);
    if (!control.snapshot.closed) await this.#workflows.start(organization, approval, control);
  }

  async #carryOut(organization: string, approval: string, id: string): Promise<void> {
    const { intent, version } = await this.#work.read(organization, async (em) => ({
      intent: await em.findOneOrFail(IntentRow, { id }),
      version: (await readApproval(em, organization, approval)).row.version,
    }));
    if (intent.state !== 'pending') return;
    const decision = intent.command['decision'] as DecisionKind | undefined;
    const revision = intent.command['revision'];
    const attempt =
      intent.person && decision
        ? { person: intent.person, decision, ...(typeof revision === 'number' ? { revision } : {}) }
        : undefined;
    await this.#commands.carryOut(organization, approval, intent.kind, {
      intent: id,
      version,
      ...(attempt ? { attempt } : {}),
    });
  }

  /** Looks through a request anew. However often it is tried, it is one intent. */
  async #refresh(organization: string, approval: string, id: string): Promise<void> {
    await this.#work.bookkeep(systemOrigin(organization), async (tx) => {
      if ((await tx.em.count(IntentRow, { id })) > 0) return;
      recordIntent(tx, await this.#work.vault.unlock(tx.em, organization, []), {
        id,
        approval,
        kind: 'refresh',
        person: null,
        channel: 'system',
        command: {},
      });
    });
    await this.#carryOut(organization, approval, id);
  }
}
