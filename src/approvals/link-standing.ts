import type { DecisionRow, LinkRow } from './entities.ts';
import { type Approval, type Candidate, isClosed, type StageState } from './rules.ts';

/**
 * What a mailed link is good for: `open` to decide; `recorded`, its decision waits to be carried out; `used`, the person
 * has decided; `late`, they did after the request was closed; `superseded` by a newer revision, another approver, a link to
 * a new address or a stage that others closed; the time to answer is over (`expired`); the request is `closed`, or `paused` until it is resubmitted.
 */
export type LinkStanding = 'open' | 'recorded' | 'used' | 'late' | 'superseded' | 'expired' | 'closed' | 'paused';

/** What was done before. */
export interface LinkTraces {
  /** The person has decided, and it waits to be carried out. */
  readonly isRecorded: boolean;
  /** What came of the decision that was sent through this link. */
  readonly decision: Pick<DecisionRow, 'at'> | null;
}

/** Where the request's open stage asks this person who has not decided. */
export interface Seat {
  readonly stage: StageState;
  readonly candidate: Candidate;
}

/** @returns null where nothing is asked of the person at present */
export function openSeat(approval: Approval, person: string): Seat | null {
  if (approval.state !== 'pending' || hasDecided(approval, person)) return null;
  const stage = approval.stages.find(({ state }) => state === 'open');
  const candidate = stage?.asked.find((asked) => asked.person === person);
  return stage && candidate ? { stage, candidate } : null;
}

/** Whether a decision of this person counts in the current revision. */
export function hasDecided({ stages }: Approval, person: string): boolean {
  return stages.some(({ decisions }) => decisions.some((decision) => decision.person === person));
}

/**
 * @param link bound to request, revision, stage and person
 * @param decidedAt when the request was closed
 */
export function linkStanding(
  link: LinkRow,
  approval: Approval,
  decidedAt: Date | null,
  { isRecorded, decision }: LinkTraces,
): LinkStanding {
  if (isRecorded) return 'recorded';
  if (link.revision !== approval.revision) return 'superseded';
  if (hasDecided(approval, link.person)) return 'used';
  if (decision && decidedAt && decision.at >= decidedAt) return 'late';
  const stage = approval.stages[link.stage];
  if (approval.state === 'expired' || stage?.state === 'expired') return 'expired';
  if (isClosed(approval.state)) return 'closed';
  if (approval.state === 'changes_requested') return 'paused';
  // Used although no decision came of it: it was refused, or answered by changes. Whoever is asked again has a newer link.
  const asked = openSeat(approval, link.person)?.stage.index === link.stage;
  return asked && !link.usedAt && !link.supersededAt ? 'open' : 'superseded';
}
