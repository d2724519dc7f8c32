import { compareAmounts, formatAmount, parseAmount } from '../../platform/money.ts';
import type { Approval, Chain, Parties, StageRule, StageState } from './model.ts';
import type { BelowLowestThreshold } from './outcome.ts';

/** What a request starts from. */
export interface NewApproval {
  readonly parties: Parties;
  readonly amount: string | null;
  readonly chain: Chain;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** A request as it is before its first stage is opened (with the command `open`). */
export function newApproval({ parties, amount, chain, createdAt, expiresAt }: NewApproval): Approval {
  return { state: 'pending', revision: 1, parties, amount, createdAt, expiresAt, stages: waitingStages(chain.stages) };
}

/** The stages of a chain before anybody is asked. */
export function waitingStages(rules: readonly StageRule[]): readonly StageState[] {
  return rules.map((rule, index) => ({
    index,
    rule,
    state: 'waiting',
    escalated: false,
    required: 0,
    openedAt: null,
    deadlineAt: null,
    asked: [],
    decisions: [],
  }));
}

/** Whether a stage is skipped because the amount is too small for it. Without an amount it is asked. */
export function isLeftOut(rule: StageRule, amount: string | null): boolean {
  if (rule.amountAtLeast === null || amount === null) return false;
  return compareAmounts(parseAmount(amount), parseAmount(rule.amountAtLeast)) < 0;
}

/** The reason for approving at once where the amount is too small for every stage; null where a stage has to be asked. */
export function approvedAtOnce(rules: readonly StageRule[], amount: string | null): BelowLowestThreshold | null {
  if (rules.length === 0 || !rules.every((rule) => isLeftOut(rule, amount))) return null;
  const thresholds = rules.flatMap((rule) => (rule.amountAtLeast === null ? [] : [parseAmount(rule.amountAtLeast)]));
  const lowest = thresholds.reduce((least, threshold) => (compareAmounts(threshold, least) < 0 ? threshold : least));
  return { code: 'below-lowest-threshold', threshold: formatAmount(lowest) };
}
