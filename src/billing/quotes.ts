import type { EntityManager } from '@mikro-orm/postgresql';
import type { Amount } from '../platform/money.ts';
import { type Catalogue, type Offer, PriceBook, readRates } from '../usage/service.ts';
import type { TokenCounts } from '../usage/rules/token-kinds.ts';
import { familyOf } from './rules/recommendations/families.ts';
import type { ModelUse, QuotedUse, Quotes } from './rules/recommendations/model.ts';

/** Nobody saves much on the others. */
const DEAREST = 10;
const NO_QUOTES: Quotes = { asUsed: null, batched: null, halfCached: null, siblings: [] };

/** Says what else the same tokens would have cost. */
export class PriceQuotes {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /**
   * Quotes at the prices of a moment, the organization's own before the catalogue's; for the models that cost the most.
   * Models of which calls have no price yet get no quotes: their tokens and their cost do not belong together.
   */
  async quote(
    em: EntityManager,
    organization: string,
    currency: string,
    uses: readonly ModelUse[],
    at: Date,
  ): Promise<QuotedUse[]> {
    const dearest = uses.toSorted((a, b) => b.cost.comparedTo(a.cost)).slice(0, DEAREST);
    const quotable = dearest.filter(({ requests, unpriced }) => requests > 0 && unpriced === 0);
    const siblings = new Map(quotable.map((use) => [use, this.#siblingsOf(use)]));
    const models = [...siblings].flatMap(([use, offers]) => [
      use,
      ...offers.map(({ model }) => ({ provider: use.provider, model })),
    ]);
    const prices = new PriceBook(
      this.#catalogue,
      await readRates(em, organization, models, { from: [], to: [currency], since: at, until: at }),
    );
    return uses.map((use) => {
      const offers = siblings.get(use);
      return { use, quotes: offers ? quotesOf(use, offers, priceWith(prices, currency, at)) : NO_QUOTES };
    });
  }

  /** Models of the same provider and generation that take calls as long as these are on average. */
  #siblingsOf({ provider, model, requests, tokens }: ModelUse): readonly Offer[] {
    // Sounds are priced apart: a model that does not know them would look cheap.
    if (tokens.input_audio_tokens > 0 || tokens.output_audio_tokens > 0) return [];
    const known = this.#catalogue.offersBeside(provider, model);
    const length = (tokens.input_tokens + tokens.output_tokens) / requests;
    return (known?.offers ?? []).filter(
      (offer) =>
        offer.model !== known?.model &&
        familyOf(offer.model) === familyOf(known?.model ?? '') &&
        (offer.contextWindow ?? length) >= length,
    );
  }
}

type PriceOfTokens = (model: string, tokens: TokenCounts, batched: boolean, use: ModelUse) => Amount | null;

function priceWith(prices: PriceBook, currency: string, at: Date): PriceOfTokens {
  return (model, tokens, batched, { provider, requests }) =>
    prices.priceIn(currency, { provider, model, tokens, batched, occurredAt: at, calls: requests })?.cost ?? null;
}

function quotesOf(use: ModelUse, offers: readonly Offer[], priceOf: PriceOfTokens): Quotes {
  const { model, provider, tokens } = use;
  const half = halfCached(tokens);
  return {
    asUsed: priceOf(model, tokens, false, use),
    batched: priceOf(model, tokens, true, use),
    halfCached: half && priceOf(model, half, false, use),
    siblings: offers.flatMap((offer) => {
      const cost = priceOf(offer.model, tokens, false, use);
      return cost && !cost.isZero() ? [{ provider, model: offer.model, cost }] : [];
    }),
  };
}

/** The same tokens with half of the input read from a cache; null where more than that cannot be plain input. */
function halfCached(tokens: ModelUse['tokens']): TokenCounts | null {
  const half = Math.floor(tokens.input_tokens / 2);
  const others = tokens.cache_write_tokens + tokens.input_audio_tokens;
  return half > tokens.cached_input_tokens && half + others <= tokens.input_tokens
    ? { ...tokens, cached_input_tokens: half }
    : null;
}
