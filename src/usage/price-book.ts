import { type Amount, compareAmounts, exactly, isWritable, multiplyAmounts, roundAmount } from '../platform/money.ts';
import type { Catalogue } from './catalogue.ts';
import type { OwnExchangeRate, OwnRate } from './rate-store.ts';
import type { StatedCost } from './rules/lines.ts';
import { type PricedBy, priceOf, type RateCard } from './rules/prices.ts';
import { undatedModel } from './rules/model-names.ts';
import { cardOf, versionAt } from './rules/rates.ts';
import { possibleTextCounts, type TokenCounts } from './rules/token-kinds.ts';

/** A price in the currency that it is to be booked in, and where it comes from. */
export interface Price {
  readonly cost: Amount;
  readonly version: string | null;
  readonly pricedBy: PricedBy;
}

/** Why a cost cannot be booked in another currency: nobody has set an exchange rate, or it comes to more than any line may. */
export type NotConverted = 'no-rate' | 'too-much';

/** What is to be priced. */
export interface Priceable {
  readonly provider: string;
  readonly model: string;
  readonly tokens: TokenCounts;
  readonly batched: boolean;
  /** One that the public list does not tell the price of; null or left out: the usual one. */
  readonly serviceTier?: string | null;
  readonly occurredAt: Date;
  /** How many calls the counts are of; one unless said otherwise. */
  readonly calls?: number;
}

/** A call of which it is known how many tokens it may use at most. */
interface MostOf extends Pick<Priceable, 'provider' | 'model' | 'occurredAt'> {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The prices of an organization as they are at one moment: its own rates, before the catalogue's; its exchange rates. */
export class PriceBook {
  readonly #catalogue: Catalogue;
  readonly #rates = new Map<string, OwnRate[]>();
  readonly #exchange = new Map<string, OwnExchangeRate[]>();
  readonly #cards = new Map<OwnRate, RateCard | null>();

  constructor(
    catalogue: Catalogue,
    own: { readonly rates: readonly OwnRate[]; readonly exchange: readonly OwnExchangeRate[] },
  ) {
    this.#catalogue = catalogue;
    for (const rate of own.rates) push(this.#rates, pairOf(rate.provider, rate.model), rate);
    for (const rate of own.exchange) push(this.#exchange, pairOf(rate.from, rate.to), rate);
  }

  /** The price of a call in a currency; null where there is none yet, or it comes to more than any line may. */
  priceIn(currency: string, call: Priceable): Price | null {
    const card = this.cardFor(call);
    if (call.serviceTier && card?.pricedBy === 'catalogue') return null;
    const cost = card && priceOf(card, call.tokens, call.batched, call.calls);
    if (!card || !cost) return null;
    const price = { cost, version: card.version, pricedBy: card.pricedBy };
    const converted = this.#convert(price, card.currency, currency, call.occurredAt);
    return typeof converted === 'string' ? null : converted;
  }

  /**
   * The most that a call of text may cost, however its tokens turn out to be counted; null where that is not known. Sound and
   * pictures cost more.
   */
  mostIn(currency: string, { inputTokens, outputTokens, ...call }: MostOf): Amount | null {
    const costs = possibleTextCounts(inputTokens, outputTokens).map(
      (tokens) => this.priceIn(currency, { ...call, tokens, batched: false })?.cost ?? null,
    );
    return costs.reduce((most, cost) => (most && cost ? (compareAmounts(cost, most) > 0 ? cost : most) : null));
  }

  /** A cost that somebody states, in the currency that it is to be booked in. */
  statedIn(currency: string, stated: StatedCost, at: Date): Price | NotConverted {
    return this.#convert({ cost: stated.value, version: null, pricedBy: 'caller' }, stated.currency, currency, at);
  }

  /**
   * The prices that hold for a model at a moment, in their own currency; null where there are none. First those that the
   * organization has set for just this name, then those for the name without its date.
   */
  cardFor({ provider, model, occurredAt }: Pick<Priceable, 'provider' | 'model' | 'occurredAt'>): RateCard | null {
    return (
      this.#ownCardFor(provider, model, occurredAt) ??
      this.#ownCardFor(provider, undatedModel(model), occurredAt) ??
      this.#catalogue.cardFor(provider, model, occurredAt)
    );
  }

  /** Null where none has begun by then, and where it was taken back. */
  #ownCardFor(provider: string, model: string, at: Date): RateCard | null {
    const own = versionAt(this.#rates.get(pairOf(provider, model)) ?? [], at);
    if (!own) return null;
    const known = this.#cards.get(own);
    if (known !== undefined) return known;
    const card = cardOf(own.rates, `own ${own.provider}/${own.model} v${own.version}`);
    this.#cards.set(own, card);
    return card;
  }

  #convert(price: Price, from: string, to: string, at: Date): Price | NotConverted {
    if (from === to) return isWritable(price.cost) ? price : 'too-much';
    const rate = versionAt(this.#exchange.get(pairOf(from, to)) ?? [], at);
    if (!rate) return 'no-rate';
    const cost = roundAmount(multiplyAmounts(price.cost, exactly(rate.rate)));
    if (!isWritable(cost)) return 'too-much';
    const name = `${from}/${to} v${rate.version}`;
    return {
      ...price,
      cost,
      version: price.version === null ? name : `${price.version}, ${name}`,
    };
  }
}

function pairOf(first: string, second: string): string {
  return `${first}\n${second}`;
}

function push<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
