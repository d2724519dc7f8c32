import type { Candidate, Chain, Channel, DecisionKind, PersonId } from './model.ts';
import type { OutcomeReason } from './outcome.ts';
import type { Problem } from './problems.ts';

export type { OutcomeReason } from './outcome.ts';

/** A decision, counted or late; `onBehalfOf` is the absent person whose delegate decided. */
interface DecisionFacts {
  readonly stage: number;
  readonly person: PersonId;
  readonly decision: DecisionKind;
  readonly channel: Channel;
  readonly onBehalfOf: PersonId | null;
}

/**
 * What happened to a request. Folded in order (`evolve`) events give its state; they also carry all that a timeline and
 * mails need. `candidates` and `people` are always those to be told: nobody who has decided already.
 */
export type ApprovalEvent = { readonly at: Date } &
  /** Also when a stage is asked again after changes. */
  (
    | {
        readonly type: 'stage_opened';
        readonly stage: number;
        readonly candidates: readonly Candidate[];
        readonly required: number;
        readonly deadlineAt: Date | null;
        readonly remindAt: readonly Date[];
      }
    /** Left out by the amount, or no longer needed because the request was withdrawn. */
    | { readonly type: 'stage_skipped'; readonly stage: number }
    | ({ readonly type: 'decided' } & DecisionFacts)
    /** Recorded, and changes nothing: the request was closed. */
    | ({ readonly type: 'late_decision' } & DecisionFacts)
    | { readonly type: 'stage_approved'; readonly stage: number; readonly by: 'quorum' | 'timeout' }
    | { readonly type: 'stage_rejected'; readonly stage: number }
    | { readonly type: 'stage_expired'; readonly stage: number }
    | { readonly type: 'asked'; readonly stage: number; readonly candidates: readonly Candidate[] }
    | { readonly type: 'unasked'; readonly stage: number; readonly people: readonly PersonId[] }
    /** More people belong to a stage that `all` of them, or a majority, must approve. */
    | { readonly type: 'quorum_raised'; readonly stage: number; readonly required: number }
    | {
        readonly type: 'escalated';
        readonly stage: number;
        readonly candidates: readonly Candidate[];
        readonly deadlineAt: Date | null;
      }
    | { readonly type: 'reminded'; readonly stage: number; readonly people: readonly PersonId[] }
    | { readonly type: 'reassigned'; readonly stage: number; readonly from: PersonId; readonly to: Candidate }
    /**
     * The open stage cannot be met by those who are asked, or its calendar no longer gives it a deadline: somebody must be
     * told. It stays open and can be reassigned.
     */
    | { readonly type: 'stuck'; readonly stage: number; readonly problems: readonly Problem[] }
    | { readonly type: 'changes_requested'; readonly stage: number; readonly person: PersonId }
    /** `chain` is null where the chain stays. Where `material`, everything is asked again under the new `revision`. */
    | {
        readonly type: 'resubmitted';
        readonly revision: number;
        readonly material: boolean;
        readonly amount: string | null;
        readonly chain: Chain | null;
      }
    | { readonly type: 'approved' | 'rejected' | 'withdrawn' | 'expired'; readonly reason: OutcomeReason }
  );
