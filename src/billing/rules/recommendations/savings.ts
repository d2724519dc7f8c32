import { type Amount, compareAmounts } from '../../../platform/money.ts';
import {
  type ModelName,
  type Outlook,
  overPeriod,
  priorityOf,
  type QuotedUse,
  type Quotes,
  type Recommendation,
} from './model.ts';

/** Prompts below it are not cached (OpenAI and Anthropic: 1,024 tokens at least). */
const LEAST_CACHED_PROMPT = 1_024;
/** Nobody knows from counts how much of the input repeats, or could wait: half is the most that is taken to. */
const MOST_REPEATED = 0.5;
const CAN_WAIT = 0.5;
/** Of what could be at most, half is what is shown. */
const EXPECTED = 0.5;

/** The cheapest smaller model of the same generation and provider, for the same tokens. */
export function smallerModel(quoted: QuotedUse, outlook: Outlook): Recommendation[] {
  return cheapestOf(quoted, quoted.quotes.siblings, outlook).map(({ cheapest, percentage, ...found }) => ({
    ...found,
    category: 'model_optimization',
    effort: 'moderate',
    message: `The same tokens cost ${percentage} less with ${cheapest.model}, at the prices of ${outlook.pricedOn} and if all of them moved. Whether its answers are good enough for your work is for you to try: prices do not say.`,
  }));
}

/** The cheapest other provider of the same model. */
export function otherProvider(quoted: QuotedUse, outlook: Outlook): Recommendation[] {
  return cheapestOf(quoted, quoted.quotes.elsewhere, outlook).map(({ cheapest, percentage, ...found }) => ({
    ...found,
    category: 'provider_switch',
    effort: 'moderate',
    message: `${cheapest.provider} runs a model of the same name for ${percentage} less, at the prices of ${outlook.pricedOn} and if all tokens moved. How fast and how exactly it runs it, and what becomes of your data there, prices do not say.`,
  }));
}

type Found = Pick<Recommendation, 'priority' | 'from' | 'to' | 'savings' | 'interval'>;

/** What saves the most for the same tokens; empty where nothing is cheaper. */
function cheapestOf(
  { use, quotes }: QuotedUse,
  instead: Quotes['siblings'],
  outlook: Outlook,
): (Found & { cheapest: ModelName; percentage: string })[] {
  const [cheapest] = instead.toSorted((a, b) => compareAmounts(a.cost, b.cost));
  const saved = cheapest ? savedOf(use.cost, quotes.asUsed, cheapest.cost) : 0;
  if (!cheapest || saved <= 0) return [];
  const { savings, interval } = overPeriod(saved, outlook);
  return [
    {
      priority: priorityOf(savings, outlook),
      from: nameOf(use),
      to: nameOf(cheapest),
      savings,
      interval,
      cheapest,
      percentage: percent(saved / use.cost.toNumber()),
    },
  ];
}

/** Long prompts of which hardly anything is read from the provider's cache. */
export function promptCaching({ use, quotes }: QuotedUse, outlook: Outlook): Recommendation[] {
  const { input_tokens: input, cached_input_tokens: cached } = use.tokens;
  if (use.requests === 0 || input / use.requests < LEAST_CACHED_PROMPT || quotes.halfCached === null) return [];
  const share = cached / input;
  const most = savedOf(use.cost, quotes.asUsed, quotes.halfCached);
  if (share >= MOST_REPEATED || most <= 0) return [];
  return [
    assumed(use, most, outlook, {
      category: 'prompt_caching',
      effort: 'moderate',
      message: `${percent(share)} of the input tokens were read from the cache, at ${Math.round(input / use.requests)} input tokens a request. The interval ends where half of them would be; how many of your prompts begin alike, counts do not say.`,
    }),
  ];
}

/** Calls at the full price where the provider's batch API has a lower one. */
export function batching({ use, quotes }: QuotedUse, outlook: Outlook): Recommendation[] {
  if (quotes.batched === null) return [];
  const most = savedOf(use.cost, quotes.asUsed, quotes.batched) * CAN_WAIT;
  if (most <= 0) return [];
  return [
    assumed(use, most, outlook, {
      category: 'batching',
      effort: 'moderate',
      message: `The provider’s batch API has a lower price for calls that may take hours, as of ${outlook.pricedOn}. The interval ends where half of the calls could wait so long.`,
    }),
  ];
}

type Assumption = Pick<Recommendation, 'category' | 'effort' | 'message'>;

function assumed(use: QuotedUse['use'], most: number, outlook: Outlook, what: Assumption): Recommendation {
  const whole = overPeriod(most, outlook);
  const savings = whole.savings * EXPECTED;
  return {
    ...what,
    priority: priorityOf(savings, outlook),
    from: nameOf(use),
    to: null,
    savings,
    interval: [0, whole.interval[1]],
  };
}

/**
 * What would have been saved of what was really paid. Where that is not the price of the list, because of a contract or of batches,
 * the smaller of difference and proportion is taken.
 */
function savedOf(paid: Amount, asUsed: Amount | null, instead: Amount): number {
  if (asUsed === null || asUsed.isZero()) return 0;
  const difference = paid.minus(instead).toNumber();
  const proportion = paid.times(asUsed.minus(instead)).dividedBy(asUsed).toNumber();
  return Math.max(0, Math.min(difference, proportion));
}

function nameOf({ provider, model }: { provider: string; model: string }) {
  return { provider, model };
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
