import type { EntityManager } from '@mikro-orm/postgresql';
import type { Amount } from '../platform/money.ts';
import { type Catalogue, type HostedModel, ModelHosts, PriceBook, readRates } from '../usage/service.ts';
import type { TokenCounts } from '../usage/rules/token-kinds.ts';
import { familyOf } from './rules/recommendations/families.ts';
import type { ModelName, ModelUse, QuotedUse, Quotes } from './rules/recommendations/model.ts';

/** Nobody saves much on the others. */
const DEAREST = 10;
const NO_QUOTES: Quotes = { asUsed: null, batched: null, halfCached: null, siblings: [], elsewhere: [] };

/** Says what else the same tokens would have cost. */
export class PriceQuotes {
  readonly #catalogue: Catalogue;
  readonly #hosts = new ModelHosts();

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
    const alternatives = new Map(quotable.map((use) => [use, this.#alternativesTo(use)]));
    const models = [...alternatives].flatMap(([use, { siblings, elsewhere }]) => [use, ...siblings, ...elsewhere]);
    const prices = new PriceBook(
      this.#catalogue,
      await readRates(em, organization, models, { from: [], to: [currency], since: at, until: at }),
    );
    return uses.map((use) => {
      const instead = alternatives.get(use);
      return {
        use,
        quotes: instead ? quotesOf(use, instead, priceWith(prices, currency, at, use.requests)) : NO_QUOTES,
      };
    });
  }

  /** Models that take calls as long as these are on average: of the same provider and generation, and the same one elsewhere. */
  #alternativesTo({ provider, model, requests, tokens }: ModelUse): Alternatives {
    // Sounds are priced apart: a model that does not know them would look cheap.
    if (tokens.input_audio_tokens > 0 || tokens.output_audio_tokens > 0) return { siblings: [], elsewhere: [] };
    const known = this.#catalogue.offersBeside(provider, model);
    if (!known) return { siblings: [], elsewhere: [] };
    const length = (tokens.input_tokens + tokens.output_tokens) / requests;
    const isLongEnough = ({ contextWindow }: Pick<HostedModel, 'contextWindow'>) => (contextWindow ?? length) >= length;
    const family = familyOf(known.model);
    return {
      siblings: known.offers
        .filter((offer) => offer.model !== known.model && familyOf(offer.model) === family && isLongEnough(offer))
        .map((offer) => ({ ...offer, provider })),
      elsewhere: this.#hosts.elsewhere(provider, known.model).filter(isLongEnough),
    };
  }
}

/** Models that the same tokens could have gone to. */
interface Alternatives {
  readonly siblings: readonly HostedModel[];
  readonly elsewhere: readonly HostedModel[];
}

type PriceOfTokens = (model: ModelName, tokens: TokenCounts, batched: boolean) => Amount | null;

function priceWith(prices: PriceBook, currency: string, at: Date, calls: number): PriceOfTokens {
  return ({ provider, model }, tokens, batched) =>
    prices.priceIn(currency, { provider, model, tokens, batched, occurredAt: at, calls })?.cost ?? null;
}

function quotesOf(use: ModelUse, { siblings, elsewhere }: Alternatives, priceOf: PriceOfTokens): Quotes {
  const half = halfCached(use.tokens);
  const priced = (models: readonly HostedModel[]) =>
    models.flatMap(({ provider, model }) => {
      const cost = priceOf({ provider, model }, use.tokens, false);
      return cost && !cost.isZero() ? [{ provider, model, cost }] : [];
    });
  return {
    asUsed: priceOf(use, use.tokens, false),
    batched: priceOf(use, use.tokens, true),
    halfCached: half && priceOf(use, half, false),
    siblings: priced(siblings),
    elsewhere: priced(elsewhere),
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
