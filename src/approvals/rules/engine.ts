import type { Command, Context, Refusal, Verdict } from './commands.ts';
import type { ApprovalEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { deadline } from './handlers/deadline.ts';
import { decideApproval } from './handlers/decide.ts';
import { expire } from './handlers/expire.ts';
import { open } from './handlers/open.ts';
import { reassign } from './handlers/reassign.ts';
import { refresh } from './handlers/refresh.ts';
import { remind } from './handlers/remind.ts';
import { resubmit } from './handlers/resubmit.ts';
import { withdraw } from './handlers/withdraw.ts';
import type { Approval } from './model.ts';

/** A command that was carried out. `repeated`: nothing changed, since it had happened before or is no longer due. */
export interface Handled {
  readonly outcome: 'applied' | 'repeated' | 'late';
  readonly events: readonly ApprovalEvent[];
  /** The request as it now is. */
  readonly approval: Approval;
}

/**
 * Carries out a command: what happens, and the request afterwards. The request must be the latest, and stay so until
 * events and state are stored (a row lock), or two decisions could both be the last one.
 * @throws InvalidDurationError, EmptyChainError, which cannot come of a request that was checked when it was accepted
 */
export function handle(
  approval: Approval,
  command: Command,
  context: Context,
): Handled | { readonly refusal: Refusal } {
  const verdict = decide(approval, command, context);
  if ('refusal' in verdict) return verdict;
  const { events } = verdict;
  return { outcome: outcomeOf(events), events, approval: events.reduce(evolve, approval) };
}

/** What a command leads to, without doing it. */
export function decide(approval: Approval, command: Command, context: Context): Verdict {
  switch (command.type) {
    case 'open':
      return open(approval, context);
    case 'decide':
      return decideApproval(approval, command, context);
    case 'withdraw':
      return withdraw(approval, context);
    case 'reassign':
      return reassign(approval, command, context);
    case 'resubmit':
      return resubmit(approval, command, context);
    case 'deadline':
      return deadline(approval, command, context);
    case 'remind':
      return remind(approval, command, context);
    case 'expire':
      return expire(approval, context);
    case 'refresh':
      return refresh(approval, context);
  }
}

function outcomeOf(events: readonly ApprovalEvent[]): Handled['outcome'] {
  if (events.length === 0) return 'repeated';
  return events.some((event) => event.type === 'late_decision') ? 'late' : 'applied';
}
