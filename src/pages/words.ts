import type { IconName } from './icons.ts';
import type { ApprovalState, Decision, StageState } from './view-models.ts';

/** Colours support a state's word and icon and never replace them. */
type Tone = 'neutral' | 'active' | 'good' | 'bad' | 'caution';

/** How a state is shown. */
export interface StateLook {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

const APPROVED: StateLook = { word: 'Approved', icon: 'check', tone: 'good' };
const REJECTED: StateLook = { word: 'Rejected', icon: 'cross', tone: 'bad' };
const EXPIRED: StateLook = { word: 'Expired', icon: 'hourglass', tone: 'caution' };
const CHANGES_REQUESTED: StateLook = { word: 'Changes requested', icon: 'pencil', tone: 'caution' };

/** The state of a request. */
export const APPROVAL_LOOKS: Readonly<Record<ApprovalState, StateLook>> = {
  pending: { word: 'Pending', icon: 'clock', tone: 'active' },
  approved: APPROVED,
  rejected: REJECTED,
  withdrawn: { word: 'Withdrawn', icon: 'undo', tone: 'neutral' },
  expired: EXPIRED,
  changes_requested: CHANGES_REQUESTED,
};

/** The state of one stage. */
export const STAGE_LOOKS: Readonly<Record<StageState, StateLook>> = {
  waiting: { word: 'Not yet asked', icon: 'clock', tone: 'neutral' },
  open: { word: 'Being asked', icon: 'pen', tone: 'active' },
  approved: APPROVED,
  rejected: REJECTED,
  skipped: { word: 'Not needed', icon: 'dash', tone: 'neutral' },
  expired: EXPIRED,
};

/** One person's decision. */
export const DECISION_LOOKS: Readonly<Record<Decision, StateLook>> = {
  approve: APPROVED,
  reject: REJECTED,
  request_changes: CHANGES_REQUESTED,
};

/** What became of a request, as the end of "This request …". */
export const OUTCOME_SENTENCES: Readonly<Record<ApprovalState, string>> = {
  pending: 'is waiting for others',
  approved: 'was approved',
  rejected: 'was rejected',
  withdrawn: 'was withdrawn by the requester',
  expired: 'has expired without a decision',
  changes_requested: 'went back to the requester, who was asked for changes',
};

/** What somebody did, as the middle of "Dana Whitfield … this request". */
export const DECISION_VERBS: Readonly<Record<Decision, string>> = {
  approve: 'approved',
  reject: 'rejected',
  request_changes: 'asked for changes to',
};
