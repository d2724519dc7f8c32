import { addAmounts, type Amount, compareAmounts, exactly, subtractAmounts } from '../../platform/money.ts';

/** A sum of usage in one currency, as the rollups give it. */
export interface UsedSum {
  /** What it was divided by. */
  readonly keys: readonly string[];
  readonly currency: string;
  readonly events: number;
  readonly failures: number;
  /** Calls without a price as yet: `cost` says nothing of them. */
  readonly unpriced: number;
  readonly tokens: { readonly input_tokens: number; readonly output_tokens: number };
  readonly cost: Amount;
}

export interface Money {
  readonly amount: Amount;
  readonly currency: string;
}

/** Usage added up. Amounts of different currencies are never added to each other. */
export interface Tally {
  readonly requests: number;
  readonly failures: number;
  readonly unpriced: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** One amount per currency, by its code; none where nothing was used. */
  readonly cost: readonly Money[];
}

export interface NamedTally {
  readonly key: string;
  readonly tally: Tally;
}

/** The first ones, and what all others come to. */
export interface TopTallies {
  readonly top: readonly NamedTally[];
  readonly others: { readonly count: number; readonly tally: Tally } | null;
}

/** Adds all of it up. */
export function tallyOf(sums: readonly UsedSum[]): Tally {
  const total = (count: (sum: UsedSum) => number) => sums.reduce((before, sum) => before + count(sum), 0);
  return {
    requests: total((sum) => sum.events),
    failures: total((sum) => sum.failures),
    unpriced: total((sum) => sum.unpriced),
    inputTokens: total((sum) => sum.tokens.input_tokens),
    outputTokens: total((sum) => sum.tokens.output_tokens),
    cost: costOf(sums),
  };
}

/**
 * Adds up by key, dearest first; what costs the same goes by requests, then by key.
 * @param currency the one that the costs are compared in
 * @param most so many are told by name; what the others come to is added up, so that nothing is missing from the sum
 */
export function topTallies(
  sums: readonly UsedSum[],
  keyOf: (sum: UsedSum) => string,
  { currency, most }: { currency: string; most: number },
): TopTallies {
  const groups = [...Map.groupBy(sums, keyOf)].map(([key, own]) => ({ key, own, tally: tallyOf(own) }));
  const ordered = groups.toSorted(
    (a, b) =>
      compareAmounts(amountIn(b.tally, currency), amountIn(a.tally, currency)) ||
      b.tally.requests - a.tally.requests ||
      (a.key < b.key ? -1 : 1),
  );
  const rest = ordered.slice(most);
  return {
    top: ordered.slice(0, most).map(({ key, tally }) => ({ key, tally })),
    others: rest.length === 0 ? null : { count: rest.length, tally: tallyOf(rest.flatMap(({ own }) => own)) },
  };
}

/** What was spent more than before, in one currency; negative where it was less. */
export interface Change {
  readonly currency: string;
  readonly before: Amount;
  readonly difference: Amount;
  /** With one decimal, such as `-12.5`; null where nothing was spent before. */
  readonly percent: string | null;
}

/** How costs have changed, for every currency that was spent in either period. */
export function changesOf(now: Tally, before: Tally): Change[] {
  const currencies = [...new Set([...now.cost, ...before.cost].map(({ currency }) => currency))].toSorted();
  return currencies.map((currency) => {
    const [spent, spentBefore] = [amountIn(now, currency), amountIn(before, currency)];
    const difference = subtractAmounts(spent, spentBefore);
    return { currency, before: spentBefore, difference, percent: percentOf(difference, spentBefore) };
  });
}

/** Hundred times a part through the whole, with one decimal; null where the whole is nothing. */
export function percentOf(part: Amount, whole: Amount): string | null {
  if (whole.isZero()) return null;
  return part.times(100).dividedBy(whole).toFixed(1);
}

function amountIn({ cost }: Tally, currency: string): Amount {
  return cost.find((money) => money.currency === currency)?.amount ?? exactly(0);
}

function costOf(sums: readonly UsedSum[]): Money[] {
  const byCurrency = new Map<string, Amount>();
  for (const { currency, cost } of sums)
    byCurrency.set(currency, addAmounts(byCurrency.get(currency) ?? exactly(0), cost));
  return [...byCurrency]
    .map(([currency, amount]) => ({ currency, amount }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}
