import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, NotFound } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { checkIfMatch } from '../platform/http/etag.ts';
import { decodeCursor, type Page, pageFrom } from '../platform/http/pagination.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { demand } from '../tenancy/service.ts';
import type { Catalogue } from './catalogue.ts';
import { ExchangeRate, PriceRate, Rerating } from './entities.ts';
import type { CurrencyPair, ExchangeRateFollower } from './exchange-follower.ts';
import { beginOfFirstExchangeRate, beginOfFirstRate, type ModelName } from './first-versions.ts';
import { changePrices } from './rate-store.ts';
import type { RatesDocument } from './rules/rates.ts';

/** An organization's own prices and exchange rates. Every change is a new version, and prices again what it concerns. */
export class RateService {
  readonly #work: UnitOfWork;
  readonly #catalogue: Catalogue;
  readonly #follower: ExchangeRateFollower;

  constructor(parts: { work: UnitOfWork; catalogue: Catalogue; follower: ExchangeRateFollower }) {
    this.#work = parts.work;
    this.#catalogue = parts.catalogue;
    this.#follower = parts.follower;
  }

  /**
   * @param effectiveFrom null: from now on; the first version before every call that waits for it
   * @throws ProblemError `forbidden`, `precondition-failed`
   */
  async putRate(
    caller: Caller,
    origin: Origin,
    name: ModelName,
    rates: RatesDocument,
    effectiveFrom: Date | null,
    ifMatch: string | null,
  ): Promise<PriceRate> {
    return this.#change(caller, origin, async (tx) => {
      const newest = await newestRate(tx.em, caller.organization, name);
      checkIfMatch(ifMatch, newest?.version ?? 0);
      const usual = newest ? tx.at : await beginOfFirstRate(tx.em, this.#catalogue, caller.organization, name, tx.at);
      const row = tx.em.create(PriceRate, {
        id: newId(tx.at),
        organization: caller.organization,
        ...name,
        version: (newest?.version ?? 0) + 1,
        rates,
        effectiveFrom: effectiveFrom ?? usual,
        createdAt: tx.at,
      });
      tx.em.persist(row);
      tx.record({ action: 'rate.versioned', resource: { type: 'rate', id: row.id }, detail: { version: row.version } });
      priceAgain(tx, name, row.effectiveFrom);
      return row;
    });
  }

  /** @param version null: the newest */
  async readRate(caller: Caller, name: ModelName, version: number | null): Promise<PriceRate> {
    demand(caller, 'billing.read', [caller.organization]);
    const row = await this.#work.read(caller.organization, (em) =>
      version === null
        ? newestRate(em, caller.organization, name)
        : em.findOne(PriceRate, { organization: caller.organization, ...name, version }),
    );
    if (!row) throw new NotFound('rate');
    return row;
  }

  /** Every version of every model, in the order in which they were made. */
  async listRates(caller: Caller, query: { limit: number; cursor?: string | undefined }): Promise<Page<PriceRate>> {
    demand(caller, 'billing.read', [caller.organization]);
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const rows = await em.find(
        PriceRate,
        { organization: caller.organization, ...(after ? { id: { $gt: after } } : {}) },
        { orderBy: { id: 'asc' }, limit: query.limit + 1 },
      );
      return pageFrom(rows, query.limit, (row) => row);
    });
  }

  /**
   * @param effectiveFrom as with prices
   * @throws ProblemError `forbidden`, `precondition-failed`; InvalidRequest where both currencies are the same
   */
  async putExchangeRate(
    caller: Caller,
    origin: Origin,
    { from, to }: CurrencyPair,
    rate: string,
    effectiveFrom: Date | null,
    ifMatch: string | null,
  ): Promise<ExchangeRate> {
    if (from === to) throw new InvalidRequest([{ path: 'path.to', message: 'must be another currency' }]);
    return this.#change(caller, origin, async (tx) => {
      const newest = await newestExchangeRate(tx.em, caller.organization, { from, to });
      checkIfMatch(ifMatch, newest?.version ?? 0);
      const usual = newest ? tx.at : await beginOfFirstExchangeRate(tx.em, caller.organization, { from, to }, tx.at);
      const row = tx.em.create(ExchangeRate, {
        id: newId(tx.at),
        organization: caller.organization,
        fromCurrency: from,
        toCurrency: to,
        version: (newest?.version ?? 0) + 1,
        rate,
        effectiveFrom: effectiveFrom ?? usual,
        createdAt: tx.at,
      });
      tx.em.persist(row);
      tx.record({
        action: 'exchange_rate.versioned',
        resource: { type: 'exchange_rate', id: row.id },
        detail: { from, to, version: row.version },
      });
      priceAgain(tx, null, row.effectiveFrom);
      await tx.em.flush();
      await this.#follower.exchangeRateChanged(tx, { from, to });
      return row;
    });
  }

  async readExchangeRate(caller: Caller, pair: CurrencyPair): Promise<ExchangeRate> {
    demand(caller, 'billing.read', [caller.organization]);
    const row = await this.#work.read(caller.organization, (em) => newestExchangeRate(em, caller.organization, pair));
    if (!row) throw new NotFound('exchange rate');
    return row;
  }

  async #change<Row>(caller: Caller, origin: Origin, change: (tx: Transaction) => Promise<Row>): Promise<Row> {
    demand(caller, 'billing.manage', [caller.organization]);
    return this.#work.write(origin, async (tx) => {
      await changePrices(tx.em, caller.organization);
      return change(tx);
    });
  }
}

function newestRate(em: EntityManager, organization: string, name: ModelName): Promise<PriceRate | null> {
  return em.findOne(PriceRate, { organization, ...name }, { orderBy: { version: 'desc' } });
}

function newestExchangeRate(
  em: EntityManager,
  organization: string,
  { from, to }: CurrencyPair,
): Promise<ExchangeRate | null> {
  return em.findOne(
    ExchangeRate,
    { organization, fromCurrency: from, toCurrency: to },
    { orderBy: { version: 'desc' } },
  );
}

/** @param name null: whatever the model, as an exchange rate concerns */
function priceAgain(tx: Transaction, name: ModelName | null, occurredFrom: Date): void {
  const id = newId(tx.at);
  tx.add(Rerating, {
    id,
    organization: tx.origin.organization,
    provider: name?.provider ?? null,
    model: name?.model ?? null,
    occurredFrom,
    reached: null,
    joinedTo: null,
    createdAt: tx.at,
  });
  tx.enqueue({ id: newId(tx.at), channel: 'rating', reference: { rerating: id } });
}
