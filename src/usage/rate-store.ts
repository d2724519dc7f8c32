import type { EntityManager } from '@mikro-orm/postgresql';
import { undatedModel } from './rules/model-names.ts';
import type { RatesDocument, Versioned } from './rules/rates.ts';
import { textArray } from '../platform/database/sql-arrays.ts';

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

/**
 * The organization's own prices that may hold for calls with these names of models, and all its exchange rates, every version
 * of them; one round trip.
 */
export async function readRates(
  em: EntityManager,
  organization: string,
  models: readonly { readonly provider: string; readonly model: string }[],
): Promise<{ rates: OwnRate[]; exchange: OwnExchangeRate[] }> {
  const names = models.flatMap(({ provider, model }) => [
    { provider, model },
    { provider, model: undatedModel(model) },
  ]);
  const [row] = await em.execute<{ rates: StoredVersion<OwnRate>[]; exchange: StoredVersion<OwnExchangeRate>[] }[]>(
    `select
       coalesce((select jsonb_agg(jsonb_build_object('provider', provider, 'model', model, 'version', version, 'rates', rates, 'effectiveFrom', effective_from))
         from countersign.price_rates where organization_id = ? and (provider, model) in (select * from unnest(?::text[], ?::text[]))), '[]') as rates,
       coalesce((select jsonb_agg(jsonb_build_object('from', from_currency, 'to', to_currency, 'version', version, 'rate', rate::text, 'effectiveFrom', effective_from))
         from countersign.exchange_rates where organization_id = ?), '[]') as exchange`,
    [
      organization,
      textArray(names.map(({ provider }) => provider)),
      textArray(names.map(({ model }) => model)),
      organization,
    ],
  );
  return { rates: (row?.rates ?? []).map(withDate), exchange: (row?.exchange ?? []).map(withDate) };
}

type StoredVersion<Version extends Versioned> = Omit<Version, 'effectiveFrom'> & { readonly effectiveFrom: string };

function withDate<Version extends { readonly effectiveFrom: string }>(
  stored: Version,
): Omit<Version, 'effectiveFrom'> & { readonly effectiveFrom: Date } {
  return { ...stored, effectiveFrom: new Date(stored.effectiveFrom) };
}
