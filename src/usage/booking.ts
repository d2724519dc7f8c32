import { createHash } from 'node:crypto';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import type { Caller } from '../platform/http/caller.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { Catalogue } from './catalogue.ts';
import { EventIdentities, type EventIdentity } from './event-identity.ts';
import { readEvent, type UsageEvent } from './event-reader.ts';
import { type Place, Places } from './places.ts';
import { PriceBook } from './price-book.ts';
import { holdPrices, readRates } from './rate-store.ts';
import { invalid, Rejection } from './rejection.ts';
import type { Line } from './rules/lines.ts';
import { rollupsOf, type Spend, spendsOf } from './rules/rollup.ts';
import { claimEvents, knownEvents, writeLines } from './store.ts';

/** An event as it came, or why it could not even be taken out of its envelope. */
export type Incoming = { readonly event: unknown } | Rejection;

/** What came of an event. */
export type Outcome =
  | { readonly status: 'accepted'; readonly line: Line }
  /** It was booked before, by this request or an earlier one. */
  | { readonly status: 'duplicate' }
  | { readonly status: 'rejected'; readonly rejection: Rejection };

export interface BookedBatch {
  /** In the order of the events. */
  readonly outcomes: readonly Outcome[];
  /** What the accepted ones have cost, for whoever counts money. */
  readonly spends: readonly Spend[];
  /** SHA-256 over the identities of what was accepted, in hexadecimal. */
  readonly digest: string;
}

/** A valid event that has its place, on the way into the ledger. */
interface Candidate {
  readonly index: number;
  readonly event: UsageEvent;
  readonly place: Place;
  readonly identity: EventIdentity;
}

/** Books usage events: each is judged on its own, priced, written into the ledger once, and added to the rollups. */
export class UsageBooking {
  readonly #people: People;
  readonly #catalogue: Catalogue;
  readonly #master: MasterKey;

  constructor(parts: { people: People; catalogue: Catalogue; master: MasterKey }) {
    this.#people = parts.people;
    this.#catalogue = parts.catalogue;
    this.#master = parts.master;
  }

  /**
   * Books events as part of a transaction. It locks rollups, in one order: whoever locks anything else besides does so
   * afterwards.
   * @param batch the id of the request; where an earlier attempt of the same request was committed, its events are accepted
   * @param kind `settlement` where the events tell what reserved calls have cost
   */
  async book(
    tx: Transaction,
    caller: Caller,
    incoming: readonly Incoming[],
    batch: string,
    kind: 'usage' | 'settlement' = 'usage',
  ): Promise<BookedBatch> {
    const { em, at } = tx;
    const outcomes = new Outcomes(incoming.length);
    const events = readAll(incoming, at, outcomes);
    await holdPrices(em, caller.organization);
    const places = await Places.find(
      em,
      caller,
      this.#people,
      events.map(({ event }) => event),
    );
    const candidates = this.#placeAll(events, places, caller.organization, outcomes);
    const own = await readRates(em, caller.organization, modelsOf(candidates));
    const prices = new PriceBook(this.#catalogue, own);
    const priced = candidates.flatMap((candidate) => {
      const line = lineOf(candidate, prices, kind, at);
      if (!(line instanceof Rejection)) return [{ ...candidate, line }];
      outcomes.reject(candidate.index, line);
      return [];
    });
    const fresh = await this.#claim(tx, caller.organization, batch, priced, outcomes);
    const lines = fresh.map(({ line }) => line);
    await writeLines(em, caller.organization, batch, at, lines, rollupsOf(lines));
    return { outcomes: outcomes.all(), spends: spendsOf(lines, own.exchange), digest: digestOf(fresh) };
  }

  #placeAll(
    events: readonly { index: number; event: UsageEvent }[],
    places: Places,
    organization: string,
    outcomes: Outcomes,
  ): Candidate[] {
    const identities = new EventIdentities(this.#master, organization);
    const byKey = new Map<string, Candidate>();
    for (const { index, event } of events) {
      const place = places.of(event);
      if (place instanceof Rejection) {
        outcomes.reject(index, place);
        continue;
      }
      const identity = identities.of(event, place);
      const earlier = byKey.get(identity.key);
      if (earlier?.identity.content === identity.content) outcomes.sameAs(index, earlier.index);
      else if (earlier) outcomes.repeat(index, false);
      else byKey.set(identity.key, { index, event, place, identity });
    }
    return [...byKey.values()];
  }

  /** Keeps those that no other request has booked. */
  async #claim<Priced extends Candidate & { readonly line: Line }>(
    tx: Transaction,
    organization: string,
    batch: string,
    priced: readonly Priced[],
    outcomes: Outcomes,
  ): Promise<Priced[]> {
    const claimed = await claimEvents(
      tx.em,
      organization,
      batch,
      priced.map(({ identity, event }) => ({ identity, occurredAt: event.occurredAt })),
    );
    const known = await knownEvents(
      tx.em,
      organization,
      priced.flatMap(({ identity }) => (claimed.has(identity.key) ? [] : [identity.key])),
    );
    return priced.filter(({ index, identity, line }) => {
      const before = known.get(identity.key);
      const sameContent = before?.content === identity.content;
      if (!before || (sameContent && before.batch === batch)) outcomes.accept(index, line);
      else outcomes.repeat(index, sameContent);
      return claimed.has(identity.key);
    });
  }
}

/** What came of each event, as far as it is known yet. */
class Outcomes {
  readonly #byIndex: (Outcome | undefined)[];
  readonly #firsts = new Map<number, number>();

  constructor(count: number) {
    this.#byIndex = Array.from({ length: count });
  }

  accept(index: number, line: Line): void {
    this.#byIndex[index] = { status: 'accepted', line };
  }

  reject(index: number, rejection: Rejection): void {
    this.#byIndex[index] = { status: 'rejected', rejection };
  }

  repeat(index: number, sameContent: boolean): void {
    if (sameContent) this.#byIndex[index] = { status: 'duplicate' };
    else
      this.reject(
        index,
        new Rejection('idempotency-conflict', [
          { path: 'id', message: 'was used for an event that says something else' },
        ]),
      );
  }

  /** The event at `first` comes again: where that one is not booked, neither was this one. */
  sameAs(index: number, first: number): void {
    this.#firsts.set(index, first);
  }

  all(): Outcome[] {
    return this.#byIndex.map((own, index) => {
      const first = this.#firsts.get(index);
      if (first === undefined) return definite(own, index);
      const outcome = definite(this.#byIndex[first], first);
      return outcome.status === 'rejected' ? outcome : { status: 'duplicate' };
    });
  }
}

function definite(outcome: Outcome | undefined, index: number): Outcome {
  if (!outcome) throw new Error(`event ${index} of a batch has no outcome`);
  return outcome;
}

function readAll(incoming: readonly Incoming[], now: Date, outcomes: Outcomes): { index: number; event: UsageEvent }[] {
  return incoming.flatMap((raw, index) => {
    const event = raw instanceof Rejection ? raw : readEvent(raw.event, now);
    if (!(event instanceof Rejection)) return [{ index, event }];
    outcomes.reject(index, event);
    return [];
  });
}

function modelsOf(candidates: readonly Candidate[]): { provider: string; model: string }[] {
  return [
    ...new Map(
      candidates.map(({ event: { provider, model } }) => [`${provider}\n${model}`, { provider, model }]),
    ).values(),
  ];
}

/** An unknown price is no reason to lose the event; a stated cost that cannot be converted is: nobody else knows it. */
function lineOf(
  { event, place }: Candidate,
  prices: PriceBook,
  kind: 'usage' | 'settlement',
  at: Date,
): Line | Rejection {
  const price = event.cost
    ? prices.statedIn(place.currency, event.cost, event.occurredAt)
    : prices.priceIn(place.currency, event);
  if (event.cost && !price)
    return invalid(
      'cost.currency',
      `there is no exchange rate from ${event.cost.currency} to ${place.currency} at that time: set one, or state the cost in ${place.currency}`,
    );
  const { team, person, currency } = place;
  const { provider, model, tokens, batched, latencyMs, success, occurredAt } = event;
  return {
    id: newId(at),
    team,
    person,
    provider,
    model,
    kind,
    tokens,
    batched,
    cost: price?.cost ?? null,
    currency,
    priceVersion: price?.version ?? null,
    pricedBy: price?.pricedBy ?? null,
    latencyMs,
    success,
    occurredAt,
    corrects: null,
  };
}

function digestOf(booked: readonly Candidate[]): string {
  const digest = createHash('sha256');
  for (const { identity } of booked) digest.update(`${identity.key} ${identity.content}\n`);
  return digest.digest('hex');
}
