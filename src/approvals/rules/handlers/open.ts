import type { Context, Verdict } from '../commands.ts';
import type { Approval } from '../model.ts';
import { openRequest } from '../opening.ts';
import { NOTHING_HAPPENS, startFrom, verdictOf } from '../progress.ts';

/** Thrown when a request without a single stage is opened: it would be approved by silence. */
export class EmptyChainError extends Error {
  readonly code = 'empty-chain';

  constructor() {
    super('The request has no stage. Create it with at least one, also where its amount leaves all of them out.');
    this.name = 'EmptyChainError';
  }
}

/** Starts a request that was just created. One that was started before is left as it is. @throws EmptyChainError */
export function open(approval: Approval, context: Context): Verdict {
  if (approval.stages.length === 0) throw new EmptyChainError();
  const untouched = approval.state === 'pending' && approval.stages.every((stage) => stage.state === 'waiting');
  return untouched ? verdictOf(openRequest(startFrom(approval), context)) : NOTHING_HAPPENS;
}
