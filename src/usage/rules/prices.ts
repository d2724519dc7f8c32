import { type Amount, addAmounts, exactly, multiplyAmounts, roundAmount } from '../../platform/money.ts';
import { ALL_TOKEN_KINDS, takeApart, type TokenCounts, type TokenKind, wholesOf } from './token-kinds.ts';

/** Where a line's cost comes from: its event said it, the public catalogue, or the organization's own rate. */
export type PricedBy = 'caller' | 'catalogue' | 'own-rate';

/** The price of a million tokens. From a tier on, all tokens of the call cost that tier's price, as providers bill long contexts. */
export interface KindRate {
  readonly perMillion: Amount;
  /** In ascending order of `above`, which counts all input tokens of the call and is not included. */
  readonly tiers: readonly { readonly above: number; readonly perMillion: Amount }[];
}

/** The prices of one model at one moment. */
export interface RateCard {
  readonly currency: string;
  /** What the line is to name: enough to find these prices again. */
  readonly version: string;
  readonly pricedBy: Exclude<PricedBy, 'caller'>;
  readonly kinds: Readonly<Partial<Record<TokenKind, KindRate>>>;
  /** For each call, besides its tokens. */
  readonly perCall: Amount | null;
  /** What is paid of each price where the provider's batch API was used. */
  readonly batchFactor: Amount;
}

const MILLIONTH = exactly('0.000001');
const NOTHING = exactly(0);

/**
 * The price of a call, exact to what the ledger can store.
 * @param calls where the counts are those of many calls together: the context tier of the average call is taken for all
 * @returns null where the card has no price for some of its tokens, or the counts contradict each other
 */
export function priceOf(card: RateCard, counts: TokenCounts, batched: boolean, calls = 1): Amount | null {
  const apart = takeApart(counts);
  if ('contradiction' in apart) return null;
  let millions = NOTHING;
  for (const kind of ALL_TOKEN_KINDS) {
    const tokens = apart.plain[kind];
    if (tokens === 0) continue;
    const rate = rateFor(card, kind);
    if (!rate) return null;
    millions = addAmounts(millions, multiplyAmounts(perMillionAt(rate, (counts.input_tokens ?? 0) / calls), tokens));
  }
  const full = addAmounts(multiplyAmounts(millions, MILLIONTH), multiplyAmounts(card.perCall ?? NOTHING, calls));
  return roundAmount(batched ? multiplyAmounts(full, card.batchFactor) : full);
}

/**
 * A kind without a price of its own costs what the kind that it is part of costs; of two of those the first one that has a
 * price of its own, so that what is read from a cache costs less.
 */
function rateFor(card: RateCard, kind: TokenKind): KindRate | null {
  const priced = card.kinds[kind] ? kind : wholesOf(kind).find((whole) => card.kinds[whole]);
  return (priced && card.kinds[priced]) ?? null;
}

function perMillionAt({ perMillion, tiers }: KindRate, inputTokens: number): Amount {
  return tiers.findLast((tier) => inputTokens > tier.above)?.perMillion ?? perMillion;
}
