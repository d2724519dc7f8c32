import { stagesWord, stageWord } from './words.ts';

/** A request that nobody has to approve, and the lowest amount from which somebody would have to. */
export interface BelowLowestThreshold {
  readonly code: 'below-lowest-threshold';
  readonly threshold: string;
}

/** Why a request ended as it did. Stages count from 0. */
export type OutcomeReason =
  | BelowLowestThreshold
  /** `byTimeout` are the stages that nobody answered and that say `approve` for that case. */
  | { readonly code: 'stages-approved'; readonly stages: number; readonly byTimeout: readonly number[] }
  | { readonly code: 'rejected-by-approver'; readonly stage: number }
  | { readonly code: 'timeout'; readonly stage: number; readonly escalated: boolean }
  | { readonly code: 'withdrawn' | 'expired' };

/** The reason in words, without personal data. Stages are counted from 1, as people do. */
export function describeOutcome(reason: OutcomeReason): string {
  switch (reason.code) {
    case 'below-lowest-threshold':
      return `Approved at once: the amount is below ${reason.threshold}, from which on somebody has to agree.`;
    case 'stages-approved':
      return `${reason.stages === 1 ? 'Approved by its one stage' : `Approved by all ${reason.stages} stages`}${silence(reason.byTimeout)}.`;
    case 'rejected-by-approver':
      return `Rejected by an approver of ${stageWord(reason.stage)}.`;
    case 'timeout':
      return `Rejected: ${stageWord(reason.stage)} was not answered in time${reason.escalated ? ', and neither was its escalation' : ''}.`;
    case 'withdrawn':
      return 'Withdrawn before it was decided.';
    case 'expired':
      return 'Expired before it was decided.';
  }
}

function silence(byTimeout: readonly number[]): string {
  if (byTimeout.length === 0) return '';
  return `; nobody answered ${stagesWord(byTimeout)} in time, which approves ${byTimeout.length === 1 ? 'it' : 'them'} by the chain’s rule`;
}
