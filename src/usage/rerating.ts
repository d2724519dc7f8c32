import { compareAmounts, subtractAmounts } from '../platform/money.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import type { ClaimedMessage, Delivery, OutboxHandler } from '../notify/service.ts';
import { type Catalogue, CATALOGUE_VERSION } from './catalogue.ts';
import { mayPriceAgain } from './catalogue-adoption.ts';
import { Rerating } from './entities.ts';
import { PriceBook } from './price-book.ts';
import { conversionsOf, holdPrices, readRates } from './rate-store.ts';
import { type BookedCall, concernedBy, endRerating, holdReratings, joinWaiting, nextCalls } from './rerating-store.ts';
import type { Line } from './rules/lines.ts';
import { rollupsOf, spendsOf } from './rules/rollup.ts';
import type { SpendSink } from './spend-sink.ts';
import { writeLines } from './store.ts';

/** Lines that are priced in one transaction: some tenths of a second. */
const LINES_AT_ONCE = 10_000;
/** After so many transactions others have their turn: an organization with many lines does not hold up everybody. */
const STEPS_A_TURN = 10;
/** A process with newer price lists runs somewhere, and takes the message up then. */
const LEFT_TO_OTHERS_MS = 30_000;

/**
 * Prices lines again after a price has changed: what had none gets one, what was priced otherwise gets a line with the
 * difference. Nothing that was booked is changed. It goes on where it stopped, whatever happened in between. Whatever waits in the
 * organization when one is begun is done along with it. A process whose price lists are older than those that were adopted leaves
 * it to others.
 */
export class RatingHandler implements OutboxHandler {
  readonly #work: UnitOfWork;
  readonly #catalogue: Catalogue;
  readonly #sink: SpendSink | null;
  readonly #linesAtOnce: number;
  readonly #version: string;
  readonly #onOutdated: (isOutdated: boolean) => void;

  constructor(parts: {
    work: UnitOfWork;
    catalogue: Catalogue;
    sink: SpendSink | null;
    linesAtOnce?: number;
    /** That of the catalogue. */
    version?: string;
    /** Told each time whether newer price lists were adopted. */
    onOutdated?: (isOutdated: boolean) => void;
  }) {
    this.#work = parts.work;
    this.#catalogue = parts.catalogue;
    this.#sink = parts.sink;
    this.#linesAtOnce = parts.linesAtOnce ?? LINES_AT_ONCE;
    this.#version = parts.version ?? CATALOGUE_VERSION;
    this.#onOutdated = parts.onOutdated ?? (() => undefined);
  }

  async deliver({ organization, reference }: ClaimedMessage, signal: AbortSignal): Promise<Delivery> {
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    const rerating = String(reference['rerating']);
    for (let steps = 0; steps < STEPS_A_TURN && !signal.aborted; steps += 1) {
      const step = await this.#work.bookkeep(origin, (tx) => this.#step(tx, rerating));
      this.#onOutdated(step === 'outdated');
      if (step === 'done') return { outcome: 'delivered' };
      if (step === 'outdated') return { outcome: 'postponed', until: new Date(Date.now() + LEFT_TO_OTHERS_MS) };
    }
    return { outcome: 'postponed', until: new Date() };
  }

  /** Looks at the next lines. */
  async #step(tx: Transaction, id: string): Promise<'done' | 'more' | 'outdated'> {
    const { em, origin } = tx;
    await holdReratings(em, origin.organization);
    // At each step: newer price lists may have been adopted since the last one, and be ahead of this one already.
    if (!(await mayPriceAgain(em, this.#version))) return 'outdated';
    await holdPrices(em, origin.organization);
    const rerating = await em.findOne(Rerating, { id });
    if (!rerating || rerating.joinedTo != null) return 'done';
    if (rerating.reached == null) await joinWaiting(em, rerating);
    const concerned = await concernedBy(em, rerating);
    const { calls, reached } = await nextCalls(
      em,
      origin.organization,
      concerned,
      rerating.reached ?? null,
      this.#linesAtOnce,
    );
    if (calls.length > 0) await this.#correct(tx, rerating, calls);
    if (reached === null) await endRerating(em, rerating);
    else rerating.reached = reached;
    await em.flush();
    return reached === null ? 'done' : 'more';
  }

  async #correct(tx: Transaction, rerating: Rerating, calls: readonly BookedCall[]): Promise<void> {
    const { begins, ...own } = await readRates(tx.em, tx.origin.organization, modelsOf(calls), conversionsOf(calls));
    const prices = new PriceBook(this.#catalogue, own);
    const lines = calls.flatMap((call) => correctionOf(call, prices, tx.at));
    if (lines.length === 0) return;
    await writeLines(tx.em, tx.origin.organization, rerating.id, tx.at, lines, rollupsOf(lines));
    const spends = spendsOf(lines, begins);
    if (spends.length > 0) await this.#sink?.booked(tx, spends);
    const priced = lines.filter((line) => line.kind === 'pricing').length;
    tx.record({
      action: 'usage.repriced',
      resource: { type: 'rerating', id: rerating.id },
      detail: { priced, corrected: lines.length - priced },
    });
  }
}

function modelsOf(calls: readonly BookedCall[]): { provider: string; model: string }[] {
  return [...new Map(calls.map(({ provider, model }) => [`${provider}\n${model}`, { provider, model }])).values()];
}

/** Nothing where the price is right, or there is none any more: what was booked with a price that held is not taken back. */
function correctionOf(call: BookedCall, prices: PriceBook, at: Date): Line[] {
  const price = call.stated
    ? prices.statedIn(call.currency, call.stated, call.occurredAt)
    : prices.priceIn(call.currency, call);
  if (!price || typeof price === 'string' || (call.cost && compareAmounts(price.cost, call.cost) === 0)) return [];
  const { team, person, provider, model, currency, occurredAt } = call;
  return [
    {
      id: newId(at),
      team,
      person,
      provider,
      model,
      currency,
      occurredAt,
      kind: call.cost ? 'correction' : 'pricing',
      cost: call.cost ? subtractAmounts(price.cost, call.cost) : price.cost,
      priceVersion: price.version,
      pricedBy: price.pricedBy,
      tokens: {},
      batched: call.batched,
      serviceTier: call.serviceTier,
      stated: null,
      latencyMs: null,
      success: true,
      corrects: call.id,
    },
  ];
}
