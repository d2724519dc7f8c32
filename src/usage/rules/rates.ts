import { exactly } from '../../platform/money.ts';
import type { KindRate, RateCard } from './prices.ts';
import { ALL_TOKEN_KINDS, type TokenKind, wholesOf } from './token-kinds.ts';

/** Prices of a million tokens by kind, as decimal text. */
export type PerMillion = Readonly<Partial<Record<TokenKind, string>>>;

/** Prices that hold for calls of more than so many input tokens. */
export type Tiers = readonly { readonly above_input_tokens: number; readonly per_million: PerMillion }[];

/** An organization's own price of a model, as it is stored. Without `per_million` it was withdrawn: whatever would hold without it holds again. */
export interface RatesDocument {
  readonly currency: string;
  readonly per_million: PerMillion | null;
  readonly tiers?: Tiers;
  readonly per_call?: string;
  readonly batch_factor?: string;
}

/** A stored version of something that holds from a moment on. */
export interface Versioned {
  readonly version: number;
  readonly effectiveFrom: Date;
}

/**
 * The version that holds for a moment: the newest of those that have begun by then. A later version that begins earlier
 * therefore corrects the ones before it.
 */
export function versionAt<Version extends Versioned>(versions: readonly Version[], at: Date): Version | null {
  let best: Version | null = null;
  for (const candidate of versions)
    if (candidate.effectiveFrom <= at && (best === null || candidate.version > best.version)) best = candidate;
  return best;
}

/** A part of a stretch of time; null: no version has begun. */
export interface Stretch<Version extends Versioned> {
  readonly from: Date;
  /** No longer belongs to it. */
  readonly until: Date;
  readonly version: Version | null;
}

/** Divides a stretch of time where another version begins to hold. In order; at least one part where the stretch is not empty. */
export function stretchesOf<Version extends Versioned>(
  versions: readonly Version[],
  from: Date,
  until: Date,
): Stretch<Version>[] {
  const begins = versions.map(({ effectiveFrom }) => effectiveFrom).filter((begin) => begin > from && begin < until);
  const stretches: Stretch<Version>[] = [];
  for (const begin of [from, ...begins.toSorted((a, b) => a.getTime() - b.getTime())]) {
    const version = versionAt(versions, begin);
    const last = stretches.at(-1);
    if (last?.version === version) continue;
    if (last) stretches.splice(-1, 1, { ...last, until: begin });
    stretches.push({ from: begin, until, version });
  }
  return stretches;
}

/** What a stored version means for pricing; null where it takes the organization's own price back. */
export function cardOf(rates: RatesDocument, version: string): RateCard | null {
  if (rates.per_million === null) return null;
  const kinds: Partial<Record<TokenKind, KindRate>> = {};
  for (const kind of ALL_TOKEN_KINDS) {
    const rate = kindRateOf(rates.per_million, rates.tiers ?? [], kind);
    if (rate) kinds[kind] = rate;
  }
  return {
    currency: rates.currency,
    version,
    pricedBy: 'own-rate',
    kinds,
    perCall: rates.per_call === undefined ? null : exactly(rates.per_call),
    batchFactor: exactly(rates.batch_factor ?? 1),
  };
}

/** What a kind costs that has a price of its own somewhere; null where it costs whatever the kind does that it is part of. */
function kindRateOf(base: PerMillion, tiers: Tiers, kind: TokenKind): KindRate | null {
  const own = tiersOf(tiers, kind);
  if (base[kind] !== undefined) return { perMillion: exactly(base[kind]), tiers: own };
  const [first] = own;
  const whole = first && wholeRateOf(base, tiers, kind);
  if (!first || !whole) return null;
  // Up to the first tier that names it, it costs what the whole does, in the tiers below that one too.
  return { ...whole, tiers: [...whole.tiers.filter(({ above }) => above < first.above), ...own] };
}

/** What the kind costs that this one is part of, or the nearest one above that has a price. */
function wholeRateOf(base: PerMillion, tiers: Tiers, kind: TokenKind): KindRate | null {
  for (const whole of wholesOf(kind)) {
    const rate = kindRateOf(base, tiers, whole);
    if (rate) return rate;
  }
  return null;
}

function tiersOf(tiers: Tiers, kind: TokenKind): KindRate['tiers'] {
  const own = tiers.flatMap(({ above_input_tokens: above, per_million }) =>
    per_million[kind] === undefined ? [] : [{ above, perMillion: exactly(per_million[kind]) }],
  );
  return own.toSorted((a, b) => a.above - b.above);
}

/** The first kind that a tier has a price of, and that costs nothing known below it; null: there is none. */
export function kindWithoutBase(base: PerMillion, tiers: Tiers): TokenKind | null {
  const named = tiers.flatMap(({ per_million }) => Object.keys(per_million) as TokenKind[]);
  return named.find((kind) => kindRateOf(base, tiers, kind) === null) ?? null;
}
