import type { EntityManager } from '@mikro-orm/postgresql';
import { addAmounts, type Amount, exactly, multiplyAmounts, roundAmount } from '../platform/money.ts';
import { type OwnExchangeRate, readRates } from './rate-store.ts';
import { costsOfStretches, sumUsage, type UsageScope } from './reads.ts';
import { stretchesOf } from './rules/rates.ts';

/** Cost in one currency. */
export interface ConvertedCost {
  /** What was spent in it, and what was spent in others at the exchange rates of the moments at which it was spent. */
  readonly cost: Amount;
  /** By currency, what there was no exchange rate for when it was spent. */
  readonly unconverted: ReadonlyMap<string, Amount>;
  /** Every other currency that something was spent in. */
  readonly otherCurrencies: readonly string[];
}

/**
 * Adds cost up in one currency. It is rounded once for each currency and exchange rate, where single amounts are rounded one by
 * one: the two may differ in the twelfth decimal.
 * @param scope without a currency
 */
export async function costIn(em: EntityManager, currency: string, scope: UsageScope): Promise<ConvertedCost> {
  const sums = await sumUsage(em, scope, [], { histogram: false });
  const others = sums.filter((sum) => sum.currency !== currency);
  const exchange = await exchangeRates(
    em,
    scope,
    others.map((other) => other.currency),
    currency,
  );
  let cost = sums.find((sum) => sum.currency === currency)?.cost ?? exactly(0);
  const unconverted = new Map<string, Amount>();
  for (const other of others) {
    for (const { amount, rate } of await costsByRate(
      em,
      scope,
      other,
      exchange.filter(isOf(other.currency, currency)),
    )) {
      if (rate) cost = addAmounts(cost, roundAmount(multiplyAmounts(amount, exactly(rate.rate))));
      else if (!amount.isZero())
        unconverted.set(other.currency, addAmounts(unconverted.get(other.currency) ?? exactly(0), amount));
    }
  }
  return { cost, unconverted, otherCurrencies: others.map((other) => other.currency) };
}

async function exchangeRates(
  em: EntityManager,
  { organization, from: since, to: until }: UsageScope,
  from: readonly string[],
  to: string,
): Promise<OwnExchangeRate[]> {
  if (from.length === 0) return [];
  return (await readRates(em, organization, [], { from, to: [to], since, until })).exchange;
}

/** Divides what was spent in a currency by the exchange rate that held. @param versions of the one pair */
async function costsByRate(
  em: EntityManager,
  scope: UsageScope,
  { currency, cost }: { readonly currency: string; readonly cost: Amount },
  versions: readonly OwnExchangeRate[],
): Promise<{ amount: Amount; rate: OwnExchangeRate | null }[]> {
  const stretches = stretchesOf(versions, scope.from, scope.to);
  const [only, ...more] = stretches;
  if (only && more.length === 0) return [{ amount: cost, rate: only.version }];
  const amounts = await costsOfStretches(em, { ...scope, of: { ...scope.of, currency } }, stretches);
  return stretches.map(({ version }, index) => ({ amount: amounts[index] ?? exactly(0), rate: version }));
}

function isOf(from: string, to: string): (rate: OwnExchangeRate) => boolean {
  return (rate) => rate.from === from && rate.to === to;
}
