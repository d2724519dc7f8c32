import type { Verdict } from './commands.ts';
import type { ApprovalEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { Approval } from './model.ts';

/** What a command has led to so far, and the request as it then is: what happens next depends on it. */
export interface Progress {
  readonly approval: Approval;
  readonly events: readonly ApprovalEvent[];
}

/** Nothing has happened yet. */
export function startFrom(approval: Approval): Progress {
  return { approval, events: [] };
}

/** The same with these events added. */
export function record(progress: Progress, ...events: readonly ApprovalEvent[]): Progress {
  return { approval: events.reduce(evolve, progress.approval), events: [...progress.events, ...events] };
}

export function verdictOf({ events }: Progress): Verdict {
  return { events };
}

/** It had happened already, or is no longer due. */
export const NOTHING_HAPPENS: Verdict = { events: [] };
