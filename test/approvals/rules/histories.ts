import {
  type Approval,
  type ApprovalEvent,
  type Command,
  type Context,
  handle,
  type Handled,
  newApproval,
  openStageOf,
  type Refusal,
} from '../../../src/approvals/rules.ts';
import { PEOPLE, type Step, type World } from './arbitraries.ts';
import { AT } from './fixtures.ts';

/** One command, what it met, and what came of it. */
export interface Moment {
  readonly before: Approval;
  readonly command: Command;
  readonly context: Context;
  readonly result: Handled | { readonly refusal: Refusal };
  readonly after: Approval;
}

export interface History {
  readonly created: Approval;
  readonly moments: readonly Moment[];
  readonly events: readonly ApprovalEvent[];
  readonly final: Approval;
}

/** Opens a request and lets everything happen to it, one step after the other. */
export function live({ stages, facts, parties, amount }: World, steps: readonly Step[]): History {
  const created = newApproval({ parties, amount, chain: { stages, origin: 'chain' }, createdAt: AT, expiresAt: null });
  const moments: Moment[] = [];
  let context: Context = { at: AT, facts, calendars: new Map() };
  let approval = created;
  const carryOut = (command: Command) => {
    const before = approval;
    const result = handle(before, command, context);
    if ('approval' in result) approval = result.approval;
    moments.push({ before, command, context, result, after: approval });
  };
  carryOut({ type: 'open' });
  for (const step of steps) {
    if (step.what === 'wait') context = { ...context, at: new Date(context.at.getTime() + step.hours * 3_600_000) };
    else if (step.what === 'organization') context = { ...context, facts: step.facts };
    const command = commandFor(step, approval);
    if (command !== null) carryOut(command);
  }
  const events = moments.flatMap(({ result }) => ('events' in result ? result.events : []));
  return { created, moments, events, final: approval };
}

function commandFor(step: Step, approval: Approval): Command | null {
  switch (step.what) {
    case 'decide':
      return {
        type: 'decide',
        person: personFor(step, approval),
        decision: step.decision,
        channel: 'api',
        revision: step.revision,
      };
    case 'reassign':
      return { type: 'reassign', from: personFor(step, approval), to: step.to };
    case 'resubmit': {
      const { stages, amount, contextChanged, textChanged } = step;
      const chain = stages === undefined ? {} : { chain: { stages, origin: 'chain' } as const };
      return {
        type: 'resubmit',
        changes: { ...chain, ...(amount === undefined ? {} : { amount }), contextChanged, textChanged },
      };
    }
    case 'time': {
      const open = openStageOf(approval);
      const deadlineAt = open?.deadlineAt ?? AT;
      return {
        type: 'deadline',
        deadlineAt,
        stage: step.due ? (open?.index ?? 0) : step.stage,
        revision: step.due ? approval.revision : step.revision,
      };
    }
    case 'remind':
      return { type: 'remind', stage: step.stage, revision: step.revision };
    case 'organization':
      return step.told ? { type: 'refresh' } : null;
    case 'wait':
      return null;
    default:
      return { type: step.what };
  }
}

function personFor(
  { by, nth }: { readonly by: 'asked' | 'anybody'; readonly nth: number },
  approval: Approval,
): string {
  const asked = openStageOf(approval)?.asked.map((candidate) => candidate.person) ?? [];
  const choice = by === 'asked' && asked.length > 0 ? asked : PEOPLE;
  return choice[nth % choice.length] ?? 'nobody';
}
