import type { EntityManager } from '@mikro-orm/postgresql';
import { CATALOGUE_CURRENCY } from './catalogue.ts';
import { undatedModel } from './rules/model-names.ts';
import type { RatesDocument, Versioned } from './rules/rates.ts';
import { quarterOf } from './rules/rollup.ts';
import { plainArray, textArray } from '../platform/database/sql-arrays.ts';

export interface OwnRate extends Versioned {
  readonly provider: string;
  readonly model: string;
  readonly rates: RatesDocument;
}

export interface OwnExchangeRate extends Versioned {
  readonly from: string;
  readonly to: string;
  readonly rate: string;
}

/** Names an advisory lock of an organization. */
const LOCKED = `hashtextextended('countersign prices ' || ?, 0)`;

/**
 * From now to the end of the transaction no price of the organization changes: what is booked with a price that is replaced
 * meanwhile would be overlooked by whoever prices lines again. A statement of its own, so that the next one sees what was
 * waited for.
 */
export async function holdPrices(em: EntityManager, organization: string): Promise<void> {
  await em.execute(`select pg_advisory_xact_lock_shared(${LOCKED})`, [organization]);
}

/** Waits until nobody books with the prices as they are, and has whoever comes next wait for the transaction's end. */
export async function changePrices(em: EntityManager, organization: string): Promise<void> {
  await em.execute(`select pg_advisory_xact_lock(${LOCKED})`, [organization]);
}

/** Which exchange rates are needed. */
export interface Conversions {
  /** Currencies that costs are stated in; those of prices are known to the database. */
  readonly from: Iterable<string>;
  /** Currencies that costs are booked in. */
  readonly to: Iterable<string>;
  /** The moments of the first and the last call. */
  readonly since: Date;
  readonly until: Date;
}

export interface OwnRates {
  /** Every version. */
  readonly rates: OwnRate[];
  /** The versions that hold at some moment in question. */
  readonly exchange: OwnExchangeRate[];
  /** When an exchange rate begins out of a currency that is booked in, from the first quarter of an hour in question on. */
  readonly begins: Date[];
}

interface RatesRow {
  readonly rates: StoredVersion<OwnRate>[];
  readonly exchange: StoredVersion<OwnExchangeRate>[];
  readonly begins: string[];
}

/**
 * The organization's own prices that may hold for calls with these names of models, and the exchange rates that may; one round
 * trip. Of a pair that has a new rate every day, years of them need not be read: those that begin within the time, and the one
 * that holds before.
 */
export async function readRates(
  em: EntityManager,
  organization: string,
  models: readonly { readonly provider: string; readonly model: string }[],
  { from, to, since, until }: Conversions,
): Promise<OwnRates> {
  const names = models.flatMap(({ provider, model }) => [
    { provider, model },
    { provider, model: undatedModel(model) },
  ]);
  const booked = plainArray([...new Set(to)]);
  const [row] = await em.execute<RatesRow[]>(
    `with own as (
       select provider, model, version, rates, effective_from from countersign.price_rates
       where organization_id = ? and (provider, model) in (select * from unnest(?::text[], ?::text[]))
     ), pairs as (
       select f.currency as from_currency, t.currency as to_currency
       from (select unnest(?::text[]) union select rates ->> 'currency' from own) f (currency), unnest(?::text[]) t (currency)
       where f.currency <> t.currency
     )
     select
       coalesce((
         select jsonb_agg(jsonb_build_object(
           'provider', provider, 'model', model, 'version', version, 'rates', rates, 'effectiveFrom', effective_from))
         from own), '[]') as rates,
       coalesce((
         select jsonb_agg(jsonb_build_object(
           'from', from_currency, 'to', to_currency, 'version', version, 'rate', rate::text, 'effectiveFrom', effective_from))
         from pairs cross join lateral (
           (select version, rate, effective_from from countersign.exchange_rates e
            where e.organization_id = ? and (e.from_currency, e.to_currency) = (pairs.from_currency, pairs.to_currency)
              and effective_from <= ?
            order by version desc limit 1)
           union all
           select version, rate, effective_from from countersign.exchange_rates e
           where e.organization_id = ? and (e.from_currency, e.to_currency) = (pairs.from_currency, pairs.to_currency)
             and effective_from > ? and effective_from <= ?
         ) versions), '[]') as exchange,
       coalesce((select jsonb_agg(distinct effective_from) from countersign.exchange_rates
         where organization_id = ? and from_currency = any(?::text[]) and effective_from >= ? and effective_from <= ?), '[]') as begins`,
    [
      organization,
      textArray(names.map(({ provider }) => provider)),
      textArray(names.map(({ model }) => model)),
      plainArray([...new Set([...from, CATALOGUE_CURRENCY])]),
      booked,
      organization,
      since,
      organization,
      since,
      until,
      organization,
      booked,
      quarterOf(since),
      until,
    ],
  );
  return {
    rates: (row?.rates ?? []).map(withDate),
    exchange: (row?.exchange ?? []).map(withDate),
    begins: (row?.begins ?? []).map((begin) => new Date(begin)),
  };
}

/** What calls need that are to be priced. @param calls at least one */
export function conversionsOf(
  calls: readonly {
    readonly currency: string;
    readonly stated: { readonly currency: string } | null;
    readonly occurredAt: Date;
  }[],
): Conversions {
  const moments = calls.map(({ occurredAt }) => occurredAt.getTime());
  return {
    from: calls.flatMap(({ stated }) => (stated ? [stated.currency] : [])),
    to: calls.map(({ currency }) => currency),
    since: new Date(moments.reduce((first, moment) => Math.min(first, moment))),
    until: new Date(moments.reduce((last, moment) => Math.max(last, moment))),
  };
}

type StoredVersion<Version extends Versioned> = Omit<Version, 'effectiveFrom'> & { readonly effectiveFrom: string };

function withDate<Version extends { readonly effectiveFrom: string }>(
  stored: Version,
): Omit<Version, 'effectiveFrom'> & { readonly effectiveFrom: Date } {
  return { ...stored, effectiveFrom: new Date(stored.effectiveFrom) };
}
