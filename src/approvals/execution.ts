import { LockMode } from '@mikro-orm/core';
import type {
  FireTimerInput,
  IntentOutcome,
  ApplyIntentResult,
  ApprovalControl,
} from '../../workflows/contracts/approvals.ts';
import type { AuditRecord } from '../platform/audit-record.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { calendarsByName, FactsReader, inactiveAmong } from '../tenancy/service.ts';
import { type Accompanied, type Announcer, NOTHING_WRITTEN } from './announce.ts';
import { controlOf } from './control.ts';
import { DecisionRow, IntentRow } from './entities.ts';
import { factsFor } from './facts.ts';
import type { IntentReader } from './intents.ts';
import { isLateDecisionRecorded } from './late-decisions.ts';
import { type Command, type Context, type Handled, handle, type OrganizationFacts } from './rules.ts';
import { replaceContents } from './revisions.ts';
import { tellService } from './service-told.ts';
import { lockApproval, readApproval, saveApproval, type StoredApproval } from './store.ts';

/** Nobody: what a command is given that opens no stage, so that most decisions need not read the organization. */
const NO_FACTS: OrganizationFacts = {
  teamPath: [],
  holders: [],
  requestersManager: null,
  absences: [],
  inactive: new Set(),
};

/** Told of every decision that was recorded, late ones included. */
export type DecisionCounter = (decision: string, channel: string) => void;

/**
 * Carries out what was accepted: the one place where a stored request changes. Everything runs under the request's row
 * lock in one transaction, may run any number of times, and changes something once.
 */
export class ApprovalExecution {
  readonly #work: UnitOfWork;
  readonly #announcer: Announcer;
  readonly #intents: IntentReader;
  readonly #onDecided: DecisionCounter;

  constructor(parts: { work: UnitOfWork; announcer: Announcer; intents: IntentReader; onDecided: DecisionCounter }) {
    this.#work = parts.work;
    this.#announcer = parts.announcer;
    this.#intents = parts.intents;
    this.#onDecided = parts.onDecided;
  }

  /** Carries out an intent; a second time it gives the first result again. */
  async applyIntent(input: {
    organization: string;
    approval: string;
    intent: string;
    at: Date;
  }): Promise<ApplyIntentResult> {
    const origin: Origin = { organization: input.organization, actor: { type: 'workflow', id: null }, requestId: null };
    const applied = await this.#work.write(
      origin,
      async (tx) => {
        const stored = await lockApproval(tx.em, input.approval);
        const intent = await tx.em.findOneOrFail(IntentRow, { id: input.intent, approval: input.approval });
        if (intent.state !== 'pending')
          return { result: settledOutcome(intent), control: controlOf(stored, stored.approval) };
        await this.#intents.actFor(tx, intent);
        tx.settle(intent.id);
        return { ...(await this.#carryOut(tx, stored, intent)), intent };
      },
      input.at,
    );
    if ('intent' in applied && applied.intent.kind === 'decide')
      this.#onDecided(countedAs(applied.intent, applied.result), applied.intent.channel);
    return { result: applied.result, control: applied.control };
  }

  async #carryOut(tx: Transaction, stored: StoredApproval, intent: IntentRow): Promise<ApplyIntentResult> {
    const opened = await this.#intents.open(tx, stored, intent);
    const handled =
      'refusal' in opened
        ? opened
        : handle(stored.approval, opened.command, await this.#context(tx, stored, opened.command));
    const result: IntentOutcome =
      'refusal' in handled ? { outcome: 'refused', refusal: handled.refusal } : { outcome: handled.outcome };
    settle(tx, intent, result);
    auditIntent(tx, stored, intent, handled);
    if (
      'refusal' in handled ||
      'refusal' in opened ||
      handled.outcome === 'repeated' ||
      (await isKnown(tx, stored, handled))
    )
      return { result, control: controlOf(stored, stored.approval) };
    recordDecision(tx, stored, intent, handled);
    if (opened.resubmission) await replaceContents(tx, this.#work.vault, stored, opened.resubmission);
    tellService(tx, stored, handled, intent);
    const control = await this.#commit(tx, stored, handled, { intent: intent.id, comment: opened.comment });
    return { result, control };
  }

  /** What a workflow's timer does: a stage runs out of time, people are reminded, a request expires. A second time, nothing. */
  async fireTimer(input: FireTimerInput): Promise<ApprovalControl> {
    const origin: Origin = { organization: input.organization, actor: { type: 'workflow', id: null }, requestId: null };
    return this.#work.write(
      origin,
      async (tx) => {
        const stored = await lockApproval(tx.em, input.approval);
        const command = timerCommand(input);
        const handled = isOver(stored, input)
          ? null
          : handle(stored.approval, command, await this.#context(tx, stored, command));
        if (!handled || 'refusal' in handled || handled.outcome === 'repeated')
          return controlOf(stored, stored.approval);
        if (input.timer === 'remind') forgetReminders(stored, input);
        tx.record({
          action: `approval.timer_${input.timer}`,
          resource: { type: 'approval', id: input.approval },
          team: stored.row.team,
          detail: { state: handled.approval.state, revision: handled.approval.revision, stage: input.stage },
        });
        tellService(tx, stored, handled, null);
        return this.#commit(tx, stored, handled, NOTHING_WRITTEN);
      },
      new Date(input.at),
    );
  }

  /** Notes that an intent was refused before it came to a transition. */
  async refuse(organization: string, intent: string, refusal: string): Promise<void> {
    const origin: Origin = { organization, actor: { type: 'workflow', id: null }, requestId: null };
    await this.#work.write(origin, async (tx) => {
      const row = await tx.em.findOneOrFail(IntentRow, { id: intent }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (row.state !== 'pending') return;
      await this.#intents.actFor(tx, row);
      tx.settle(intent);
      settle(tx, row, { outcome: 'refused', refusal });
      tx.record({
        action: `approval.${row.kind}`,
        resource: { type: 'approval', id: row.approval },
        outcome: 'denied',
        detail: { refusal, intent, channel: row.channel },
      });
    });
  }

  /** Opens a request that was just made, in the transaction that makes it. */
  async open(tx: Transaction, stored: StoredApproval, context: Context): Promise<ApprovalControl> {
    const handled = handle(stored.approval, { type: 'open' }, context);
    if ('refusal' in handled) throw new Error(`a new request refused to open: ${handled.refusal}`);
    const stages = saveApproval(tx, stored, handled.approval, handled.events, null);
    await this.#announcer.announceNew(tx, stored, handled.approval, handled.events);
    return controlOf({ row: stored.row, stages }, handled.approval);
  }

  /** What the workflow of a stored request has to know. */
  control(organization: string, approval: string): Promise<ApprovalControl> {
    return this.#work.read(organization, async (em) => {
      const stored = await readApproval(em, organization, approval);
      return controlOf(stored, stored.approval);
    });
  }

  async #commit(
    tx: Transaction,
    stored: StoredApproval,
    handled: Handled,
    accompanied: Accompanied,
  ): Promise<ApprovalControl> {
    const stages = saveApproval(tx, stored, handled.approval, handled.events, accompanied.intent);
    await this.#announcer.announce(tx, stored, handled.approval, handled.events, accompanied);
    return controlOf({ row: stored.row, stages }, handled.approval);
  }

  /** Only what may open a stage or ask somebody needs to know the organization. */
  async #context(tx: Transaction, stored: StoredApproval, command: Command): Promise<Context> {
    const calendars = await calendarsByName(tx.em, tx.origin.organization, calendarNames(stored, command));
    if (!asksSomebody(stored, command))
      return {
        at: tx.at,
        facts: { ...NO_FACTS, inactive: await inactiveAmong(tx.em, decidersOf(command)) },
        calendars,
      };
    return {
      at: tx.at,
      calendars,
      facts: await factsFor(new FactsReader(tx.em, tx.origin.organization, tx.at), stored.row),
    };
  }
}

function settle(tx: Transaction, intent: IntentRow, result: IntentOutcome): void {
  // A late decision is kept and does not count: whoever asks again is told so again.
  const refusal = result.outcome === 'late' ? 'approval-closed' : (result.refusal ?? null);
  intent.state = refusal === null ? 'applied' : 'refused';
  intent.refusal = refusal;
  intent.settledAt = tx.at;
}

/** Whether it is a late decision that was recorded before, from two attempts at the same moment. */
async function isKnown(tx: Transaction, stored: StoredApproval, { events }: Handled): Promise<boolean> {
  const late = events.find((event) => event.type === 'late_decision');
  return late?.type === 'late_decision' && isLateDecisionRecorded(tx.em, stored, late.person, late.decision);
}

function auditIntent(
  tx: Transaction,
  { row }: StoredApproval,
  intent: IntentRow,
  handled: Handled | { refusal: string },
): void {
  const refused = 'refusal' in handled;
  const detail: AuditRecord['detail'] = refused
    ? { refusal: handled.refusal }
    : { outcome: handled.outcome, state: handled.approval.state };
  tx.record({
    action: `approval.${intent.kind}`,
    resource: { type: 'approval', id: row.id },
    team: row.team,
    outcome: refused ? 'denied' : 'success',
    onBehalfOf: refused ? null : onBehalfOf(handled),
    detail: { ...detail, intent: intent.id, revision: row.revision, channel: intent.channel },
  });
}

function recordDecision(tx: Transaction, stored: StoredApproval, intent: IntentRow, handled: Handled): void {
  for (const event of handled.events) {
    if (event.type !== 'decided' && event.type !== 'late_decision') continue;
    const { person, onBehalfOf: absent, decision, channel, stage, at } = event;
    tx.add(DecisionRow, {
      id: intent.id,
      organization: tx.origin.organization,
      approval: stored.row.id,
      revision: stored.approval.revision,
      stage,
      person,
      onBehalfOf: absent,
      decision,
      comment: intent.text ?? null,
      channel,
      counts: event.type === 'decided',
      at,
    });
  }
}

function countedAs(intent: IntentRow, { outcome }: IntentOutcome): string {
  return outcome === 'applied' ? String(intent.command['decision']) : outcome;
}

function settledOutcome(intent: IntentRow): IntentOutcome {
  return intent.state === 'refused'
    ? { outcome: 'refused', refusal: intent.refusal ?? 'invalid-request' }
    : { outcome: 'repeated' };
}

function onBehalfOf(handled: Handled): string | null {
  const decided = handled.events.find((event) => event.type === 'decided' || event.type === 'late_decision');
  return decided && 'onBehalfOf' in decided ? decided.onBehalfOf : null;
}

/** Whether a reminder was sent, or is one of a stage that was opened anew since. */
function isOver({ stages }: StoredApproval, { timer, stage, dueAt }: FireTimerInput): boolean {
  const remindAt = stages.find((row) => row.index === stage)?.remindAt ?? [];
  return timer === 'remind' && !remindAt.includes(new Date(dueAt).toISOString());
}

/** One reminder does for all whose time has come: nobody gets several at once because the worker was away. */
function forgetReminders({ stages }: StoredApproval, { stage, at }: FireTimerInput): void {
  const row = stages.find((candidate) => candidate.index === stage);
  if (row) row.remindAt = row.remindAt.filter((moment) => Date.parse(moment) > at);
}

function timerCommand({ timer, stage, revision, dueAt }: FireTimerInput): Command {
  switch (timer) {
    case 'deadline':
      return { type: 'deadline', stage: stage ?? -1, revision, deadlineAt: new Date(dueAt) };
    case 'remind':
      return { type: 'remind', stage: stage ?? -1, revision };
    case 'expire':
      return { type: 'expire' };
  }
}

function asksSomebody({ approval }: StoredApproval, command: Command): boolean {
  if (command.type === 'decide')
    return command.decision === 'approve' && approval.stages.some((stage) => stage.state === 'waiting');
  return command.type !== 'withdraw' && command.type !== 'expire' && command.type !== 'remind';
}

/** Whoever was removed since they were asked may still hold a link. */
function decidersOf(command: Command): string[] {
  return command.type === 'decide' ? [command.person] : [];
}

function calendarNames(stored: StoredApproval, command: Command): string[] {
  const rules = [
    ...stored.row.chain.stages,
    ...(command.type === 'resubmit' ? (command.changes.chain?.stages ?? []) : []),
  ];
  return rules.flatMap((rule) => (rule.calendar === null ? [] : [rule.calendar]));
}
