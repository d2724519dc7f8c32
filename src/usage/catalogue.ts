import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { calcPrice, findProvider, type ModelPrice, type PriceCalculation } from '@pydantic/genai-prices';
import { exactly } from '../platform/money.ts';
import { CATALOGUE_KEYS } from './catalogue-keys.ts';
import type { KindRate, RateCard } from './rules/prices.ts';
import { ALL_TOKEN_KINDS, type TokenKind } from './rules/token-kinds.ts';

/** What the price lists are in. */
export const CATALOGUE_CURRENCY = 'USD';
/** What these providers take of their prices through their batch APIs, as their price lists say; the catalogue does not. */
const BATCH_FACTORS: Readonly<Record<string, string>> = { openai: '0.5', anthropic: '0.5', google: '0.5' };
/** Prices that change with the time of the day do so on whole minutes. */
const SLOT_MS = 60_000;
/** More models than anybody uses; beyond it, whoever sends made-up names would fill the memory. */
const MAX_CARDS = 20_000;

const packageFile = new URL(
  '../package.json',
  `file://${createRequire(import.meta.url).resolve('@pydantic/genai-prices')}`,
);
/** The version of the price lists that come along. */
export const { version: CATALOGUE_VERSION } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

/** A model that a provider offers. */
export interface Offer {
  readonly model: string;
  /** The most tokens of a call, where the catalogue knows that. */
  readonly contextWindow: number | null;
}

/** A model by the name that the catalogue has for it, and those of its provider that are not given up. */
interface KnownModel {
  readonly model: string;
  readonly offers: readonly Offer[];
}

/**
 * The public price lists that come with `@pydantic/genai-prices`. It multiplies floats; only its rates are taken, and are
 * multiplied as decimals.
 */
export class Catalogue {
  readonly #cards = new Map<string, RateCard | null>();
  readonly #dated = new Set<string>();
  readonly #offers = new Map<string, KnownModel | null>();

  /** The prices of a model at a moment; null where the catalogue does not know it, or has no price of tokens for it. */
  cardFor(provider: string, model: string, at: Date): RateCard | null {
    const name = `${provider}\n${model}`;
    const slot = Math.floor(at.getTime() / SLOT_MS);
    const known = this.#cards.get(this.#dated.has(name) ? `${name}\n${slot}` : name);
    if (known !== undefined) return known;
    const found = calcPrice({}, model, { providerId: provider, timestamp: new Date(slot * SLOT_MS) });
    const isDated = Array.isArray(found?.model.prices);
    if (this.#cards.size >= MAX_CARDS) this.#forget();
    if (isDated) this.#dated.add(name);
    const card = found && cardOf(found);
    this.#cards.set(isDated ? `${name}\n${slot}` : name, card);
    return card;
  }

  /**
   * What else a provider offers.
   * @returns null where the catalogue does not know the model
   */
  offersBeside(provider: string, model: string): KnownModel | null {
    const name = `${provider}\n${model}`;
    const known = this.#offers.get(name);
    if (known !== undefined) return known;
    const found = knownModel(provider, model);
    if (this.#offers.size >= MAX_CARDS) this.#offers.clear();
    this.#offers.set(name, found);
    return found;
  }

  #forget(): void {
    this.#cards.clear();
    this.#dated.clear();
  }
}

function knownModel(provider: string, model: string): KnownModel | null {
  const found = calcPrice({}, model, { providerId: provider });
  const models = findProvider({ providerId: provider })?.models ?? [];
  return (
    found && {
      model: found.model.id,
      offers: models
        .filter(({ deprecated }) => deprecated !== true)
        .map(({ id, context_window: contextWindow }) => ({ model: id, contextWindow: contextWindow ?? null })),
    }
  );
}

function cardOf(found: PriceCalculation): RateCard | null {
  const { model_price: prices, provider } = found;
  const kinds: Partial<Record<TokenKind, KindRate>> = {};
  for (const kind of ALL_TOKEN_KINDS) {
    const rate = rateOf(prices[CATALOGUE_KEYS[kind].price]);
    if (rate) kinds[kind] = rate;
  }
  const perThousandCalls = prices['requests_kcount'];
  if (Object.keys(kinds).length === 0) return null;
  return {
    currency: CATALOGUE_CURRENCY,
    version: versionOf(found),
    pricedBy: 'catalogue',
    kinds,
    perCall: typeof perThousandCalls === 'number' ? exactly(perThousandCalls).times('0.001') : null,
    batchFactor: exactly(BATCH_FACTORS[provider.id] ?? 1),
  };
}

function rateOf(price: ModelPrice[string]): KindRate | null {
  if (price === undefined) return null;
  if (typeof price === 'number') return { perMillion: exactly(price), tiers: [] };
  const tiers = price.tiers.map(({ start, price: perMillion }) => ({ above: start, perMillion: exactly(perMillion) }));
  return { perMillion: exactly(price.base), tiers: tiers.toSorted((a, b) => a.above - b.above) };
}

/** Such as `genai-prices 0.1.8 anthropic/claude-sonnet-4-6 from 2026-03-13`. */
function versionOf({ model, model_price: prices, provider }: PriceCalculation): string {
  const name = `genai-prices ${CATALOGUE_VERSION} ${provider.id}/${model.id}`;
  const constraint = Array.isArray(model.prices)
    ? model.prices.find((dated) => dated.prices === prices)?.constraint
    : undefined;
  if (!constraint) return name;
  return constraint.type === 'start_date'
    ? `${name} from ${constraint.start_date}`
    : `${name} ${constraint.start_time}/${constraint.end_time}`;
}
