import { isDeepStrictEqual } from 'node:util';
import type { ApprovalDetails } from './details.ts';
import type { ApprovalRow } from './entities.ts';
import { presentAmount } from './present.ts';
import type { Chain, Changes } from './rules.ts';

interface Amount {
  readonly value: string;
  readonly currency: string;
}

/** What a change is laid over. */
type Current = { readonly row: Pick<ApprovalRow, 'revision' | 'amount' | 'currency' | 'chain'> };

/** What somebody changed, and only that: what is left out stays as it is at the moment when the change is carried out. */
export interface NewResubmission {
  readonly details: Partial<ApprovalDetails>;
  readonly amount?: Amount | null;
  /** Whether a chain was sent. */
  readonly sentChain: boolean;
  /** Amount and chain together, as they were looked through when the change was accepted, and in which revision. */
  readonly checked: { readonly revision: number; readonly amount: Amount | null; readonly chain: Chain };
}

/** A request as a resubmission leaves it. */
export interface Resubmission {
  readonly details: ApprovalDetails;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly chain: Chain;
}

/**
 * Lays a change over the request as it now is, so that of two people who change it at the same moment neither undoes what
 * the other did. Two changes of amount or chain that nobody has looked at together are refused as `stale-revision`: an
 * amount could otherwise come under a chain that was never meant for it.
 */
export function mergeResubmission(
  { row }: Current,
  before: ApprovalDetails,
  change: NewResubmission,
): Resubmission | { readonly refusal: 'stale-revision' } {
  const { checked } = change;
  const details = { ...before, ...change.details };
  const amount = change.amount === undefined ? presentAmount(row) : change.amount;
  if (row.revision === checked.revision) return { details, ...columnsOf(checked.amount), chain: checked.chain };
  if (change.amount === undefined && !change.sentChain) return { details, ...columnsOf(amount), chain: row.chain };
  const chain = change.sentChain || row.chain.origin === 'hierarchy' ? checked.chain : row.chain;
  const lookedAt = isSame(amount, checked.amount) && isSame(chain, checked.chain);
  return lookedAt ? { details, ...columnsOf(amount), chain } : { refusal: 'stale-revision' };
}

/** What is different from the stored request, as the rules ask for it. */
export function changesOf({ row }: Current, before: ApprovalDetails, after: Resubmission): Changes {
  return {
    amount: after.amount,
    chain: after.chain,
    contextChanged: !isSame(before.context, after.details.context) || (row.currency ?? null) !== after.currency,
    textChanged: before.title !== after.details.title || before.description !== after.details.description,
  };
}

function columnsOf(amount: Amount | null): Pick<Resubmission, 'amount' | 'currency'> {
  return { amount: amount?.value ?? null, currency: amount?.currency ?? null };
}

/** What differs in the order of its members only is the same. */
function isSame(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(left, right);
}
