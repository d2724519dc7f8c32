import type { EntityManager } from '@mikro-orm/postgresql';
import type { Catalogue } from './catalogue.ts';
import { MAX_LATE_DAYS } from './event-reader.ts';
import type { CurrencyPair } from './exchange-follower.ts';

const DAY_MS = 86_400_000;

export interface ModelName {
  readonly provider: string;
  readonly model: string;
}

/**
 * When an organization's first price of a model begins, unless it says so itself: before every call that waits for it. Where
 * the public list has no price either, that includes calls that may yet be reported; where it has one, what was priced with it
 * stays, as long as nothing waits.
 */
export async function beginOfFirstRate(
  em: EntityManager,
  catalogue: Catalogue,
  organization: string,
  { provider, model }: ModelName,
  at: Date,
): Promise<Date> {
  const waiting = await firstDayWithout(em, 'provider = ? and countersign.is_model(?, model)', [
    organization,
    provider,
    model,
  ]);
  return earliest(waiting, catalogue.cardFor(provider, model, at) ? at : oldestToBeReported(at));
}

/** When the first exchange rate of a pair begins, unless it says so itself: before every call that waits for it, or may yet. */
export async function beginOfFirstExchangeRate(
  em: EntityManager,
  organization: string,
  { to }: CurrencyPair,
  at: Date,
): Promise<Date> {
  return earliest(await firstDayWithout(em, 'currency = ?', [organization, to]), oldestToBeReported(at));
}

/** The first day of UTC that has calls without a price; null: there is none. */
async function firstDayWithout(em: EntityManager, which: string, values: readonly string[]): Promise<Date | null> {
  const [row] = await em.execute<{ day: string | Date | null }[]>(
    `select min(day) as day from countersign.usage_days where organization_id = ? and ${which} and unpriced > 0`,
    [...values],
  );
  return row?.day ? new Date(row.day) : null;
}

function oldestToBeReported(at: Date): Date {
  return new Date(at.getTime() - MAX_LATE_DAYS * DAY_MS);
}

function earliest(waiting: Date | null, otherwise: Date): Date {
  return waiting && waiting < otherwise ? waiting : otherwise;
}
