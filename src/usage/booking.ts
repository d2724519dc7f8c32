import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import type { Caller } from '../platform/http/caller.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { Catalogue } from './catalogue.ts';
import { EventIdentities, type EventIdentity } from './event-identity.ts';
import { readEvent, type UsageEvent } from './event-reader.ts';
import { type Outcome, Outcomes } from './outcomes.ts';
import { type Place, Places } from './places.ts';
import { type NotConverted, type Price, PriceBook } from './price-book.ts';
import { conversionsOf, holdPrices, type OwnRates, readRates } from './rate-store.ts';
import { invalid, Rejection } from './rejection.ts';
import type { Line, StatedCost } from './rules/lines.ts';
import { rollupsOf, type Spend, spendsOf } from './rules/rollup.ts';
import { claimEvents, knownEvents, writeLines } from './store.ts';

/** An event as it came, or why it could not even be taken out of its envelope. */
export type Incoming = { readonly event: unknown } | Rejection;

export interface BookedBatch {
  /** In the order of the events. */
  readonly outcomes: readonly Outcome[];
  /** How many this transaction has booked; fewer than were accepted where an earlier attempt of the request has booked some. */
  readonly booked: number;
  /** What these have cost, for whoever counts money. */
  readonly spends: readonly Spend[];
  /** SHA-256 over the identities of these, in hexadecimal. */
  readonly digest: string;
}

/** A valid event that has its place, on the way into the ledger. */
interface Placed {
  readonly index: number;
  readonly event: UsageEvent;
  readonly place: Place;
}

interface Priced extends Placed {
  readonly line: Line;
}

interface Candidate extends Priced {
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
    const placed = placeAll(events, places, outcomes);
    const { begins, ...own } = await ratesFor(em, caller.organization, placed);
    const priced = priceAll(placed, new PriceBook(this.#catalogue, own), kind, at, outcomes);
    const candidates = this.#identify(priced, caller.organization, outcomes);
    const fresh = await this.#claim(tx, caller.organization, batch, candidates, outcomes);
    const lines = fresh.map(({ line }) => line);
    await writeLines(em, caller.organization, batch, at, lines, rollupsOf(lines));
    return {
      outcomes: outcomes.all(),
      booked: fresh.length,
      spends: spendsOf(lines, begins),
      digest: digestOf(fresh),
    };
  }

  /** Keeps one of those with the same id. What could not be booked is not among them: it takes no id away. */
  #identify(priced: readonly Priced[], organization: string, outcomes: Outcomes): Candidate[] {
    const identities = new EventIdentities(this.#master, organization);
    const byKey = new Map<string, Candidate>();
    for (const { index, event, place, line } of priced) {
      const identity = identities.of(event, place);
      const earlier = byKey.get(identity.key);
      if (earlier?.identity.content === identity.content) outcomes.sameAs(index, earlier.index);
      else if (earlier) outcomes.repeat(index, false);
      else byKey.set(identity.key, { index, event, place, line, identity });
    }
    return [...byKey.values()];
  }

  /** Keeps those that no other request has booked. */
  async #claim(
    tx: Transaction,
    organization: string,
    batch: string,
    candidates: readonly Candidate[],
    outcomes: Outcomes,
  ): Promise<Candidate[]> {
    const claimed = await claimEvents(
      tx.em,
      organization,
      batch,
      candidates.map(({ identity, event }) => ({ identity, occurredAt: event.occurredAt })),
    );
    const known = await knownEvents(
      tx.em,
      organization,
      candidates.flatMap(({ identity }) => (claimed.has(identity.key) ? [] : [identity.key])),
    );
    return candidates.filter(({ index, identity, line }) => {
      const before = known.get(identity.key);
      const sameContent = before?.content === identity.content;
      if (!before || (sameContent && before.batch === batch)) outcomes.accept(index, line);
      else outcomes.repeat(index, sameContent);
      return claimed.has(identity.key);
    });
  }
}

function readAll(incoming: readonly Incoming[], now: Date, outcomes: Outcomes): { index: number; event: UsageEvent }[] {
  return incoming.flatMap((raw, index) => {
    const event = raw instanceof Rejection ? raw : readEvent(raw.event, now);
    if (!(event instanceof Rejection)) return [{ index, event }];
    outcomes.reject(index, event);
    return [];
  });
}

function placeAll(
  events: readonly { index: number; event: UsageEvent }[],
  places: Places,
  outcomes: Outcomes,
): Placed[] {
  return events.flatMap(({ index, event }) => {
    const place = places.of(event);
    if (!(place instanceof Rejection)) return [{ index, event, place }];
    outcomes.reject(index, place);
    return [];
  });
}

async function ratesFor(em: EntityManager, organization: string, placed: readonly Placed[]): Promise<OwnRates> {
  if (placed.length === 0) return { rates: [], exchange: [], begins: [] };
  const calls = placed.map(({ event: { cost, occurredAt }, place: { currency } }) => ({
    stated: cost,
    occurredAt,
    currency,
  }));
  return readRates(em, organization, modelsOf(placed), conversionsOf(calls));
}

function priceAll(
  placed: readonly Placed[],
  prices: PriceBook,
  kind: 'usage' | 'settlement',
  at: Date,
  outcomes: Outcomes,
): Priced[] {
  return placed.flatMap((event) => {
    const line = lineOf(event, prices, kind, at);
    if (!(line instanceof Rejection)) return [{ ...event, line }];
    outcomes.reject(event.index, line);
    return [];
  });
}

function modelsOf(candidates: readonly Placed[]): { provider: string; model: string }[] {
  return [
    ...new Map(
      candidates.map(({ event: { provider, model } }) => [`${provider}\n${model}`, { provider, model }]),
    ).values(),
  ];
}

/** An unknown price is no reason to lose the event; a stated cost that cannot be converted is: nobody else knows it. */
function lineOf({ event, place }: Placed, prices: PriceBook, kind: 'usage' | 'settlement', at: Date): Line | Rejection {
  const price = priceFor(event, place, prices);
  if (price instanceof Rejection) return price;
  const { team, person, currency } = place;
  const { provider, model, tokens, batched, serviceTier, latencyMs, success, occurredAt } = event;
  return {
    id: newId(at),
    team,
    person,
    provider,
    model,
    kind,
    tokens,
    batched,
    serviceTier,
    cost: price?.cost ?? null,
    currency,
    stated: event.cost && event.cost.currency !== currency ? event.cost : null,
    priceVersion: price?.version ?? null,
    pricedBy: price?.pricedBy ?? null,
    latencyMs,
    success,
    occurredAt,
    corrects: null,
  };
}

function priceFor(event: UsageEvent, { currency }: Place, prices: PriceBook): Price | Rejection | null {
  if (!event.cost) return prices.priceIn(currency, event);
  const price = prices.statedIn(currency, event.cost, event.occurredAt);
  return typeof price === 'string' ? rejectionOf(price, event.cost, currency) : price;
}

function rejectionOf(why: NotConverted, { currency }: StatedCost, wanted: string): Rejection {
  return why === 'no-rate'
    ? invalid(
        'cost.currency',
        `there is no exchange rate from ${currency} to ${wanted} at that time: set one, or state the cost in ${wanted}`,
      )
    : invalid('cost.value', `comes to more than 15 digits before the point in ${wanted}`);
}

function digestOf(booked: readonly Candidate[]): string {
  const digest = createHash('sha256');
  for (const { identity } of booked) digest.update(`${identity.key} ${identity.content}\n`);
  return digest.digest('hex');
}
