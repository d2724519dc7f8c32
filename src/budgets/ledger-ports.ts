import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { type People, teamsById } from '../tenancy/service.ts';
import { type Catalogue, costIn, PriceBook, readRates, type Rejection, type UsageBooking } from '../usage/service.ts';
import type {
  BookedSettlement,
  CostEstimator,
  ReservedCall,
  SettlementEvent,
  SettlementLedger,
  SpendingQuestion,
  Spent,
  SpentSource,
} from './ports.ts';

/** Where events of reservations come from, unless they say otherwise: apart from what is reported without one. */
const SOURCE = 'countersign/reservations';
/** Of whoever made the call, and of whoever made the reservation. */
const CLOCKS_DIFFER_BY_MS = 60_000;

/** What was spent, out of usage's rollups. */
export class LedgerSpending implements SpentSource {
  async spent(
    em: EntityManager,
    { organization, teams, person, provider, model, currency, from, until }: SpendingQuestion,
  ): Promise<Spent> {
    const of = { person, provider, model };
    const sums = await costIn(em, currency, { organization, teams, of, from, to: until });
    return {
      counted: sums.cost.toFixed(),
      uncounted: [...sums.unconverted].map(([other, cost]) => ({ value: cost.toFixed(), currency: other })),
      otherCurrencies: sums.otherCurrencies,
    };
  }
}

/** Estimates at the prices of the moment: the organization's own, before the catalogue's. */
export class PriceEstimator implements CostEstimator {
  readonly #catalogue: Catalogue;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  async estimate(
    em: EntityManager,
    {
      organization,
      provider,
      model,
      inputTokens,
      outputTokens,
      currency,
      at,
    }: Parameters<CostEstimator['estimate']>[1],
  ): Promise<string | null> {
    const conversions = { from: [], to: [currency], since: at, until: at };
    const own = await readRates(em, organization, [{ provider, model }], conversions);
    const prices = new PriceBook(this.#catalogue, own);
    return prices.mostIn(currency, { provider, model, inputTokens, outputTokens, occurredAt: at })?.toFixed() ?? null;
  }
}

/** Books the event of a settled reservation as usage. */
export class UsageLedger implements SettlementLedger {
  readonly #booking: UsageBooking;
  readonly #people: People;

  constructor(booking: UsageBooking, people: People) {
    this.#booking = booking;
    this.#people = people;
  }

  async book(
    tx: Transaction,
    caller: Caller,
    reserved: ReservedCall,
    event: SettlementEvent,
  ): Promise<BookedSettlement> {
    const complete = { ...(await this.#defaults(tx, caller, reserved)), ...event };
    const { outcomes } = await this.#booking.book(tx, caller, [{ event: complete }], reserved.id, 'settlement');
    const [outcome] = outcomes;
    if (outcome?.status === 'rejected') throw problemOf(outcome.rejection);
    const line = outcome?.status === 'accepted' ? outcome.line : null;
    if (line) demandCurrency(line, reserved);
    if (line && line.occurredAt.getTime() < reserved.createdAt.getTime() - CLOCKS_DIFFER_BY_MS)
      throw new InvalidRequest([
        {
          path: 'event.occurred_at',
          message: `must not lie before the reservation, ${reserved.createdAt.toISOString()}`,
        },
      ]);
    const { team, person, provider, model } = line ?? reserved;
    return {
      team,
      person,
      provider: provider ?? '',
      model: model ?? '',
      cost: line?.cost?.toFixed() ?? null,
      occurredAt: line?.occurredAt ?? tx.at,
    };
  }

  /** What the reservation says already need not be said again. */
  async #defaults(
    { em }: Transaction,
    { organization }: Caller,
    { id, team, person, provider, model, createdAt }: ReservedCall,
  ): Promise<SettlementEvent> {
    const alias = (await teamsById(em, [team])).get(team)?.alias;
    const user = (await this.#people.profiles(em, organization, [person])).of(person).alias;
    return {
      id,
      source: SOURCE,
      // Where nothing else is said, the cost counts in the period in which it was held.
      occurred_at: createdAt.toISOString(),
      ...(alias ? { team_id: alias } : {}),
      ...(user ? { user_id: user } : {}),
      ...(provider ? { provider } : {}),
      ...(model ? { model } : {}),
    };
  }
}

/** What was held and what it cost are compared, and told as one amount. */
function demandCurrency(booked: { readonly currency: string }, reserved: ReservedCall): void {
  if (booked.currency === reserved.currency) return;
  throw new InvalidRequest([
    {
      path: 'event.team_id',
      message: `spends ${booked.currency}, and the reservation holds ${reserved.currency}: release it, and report the event as usage`,
    },
  ]);
}

function problemOf({ code, errors }: Rejection): ProblemError {
  const below = errors.map(({ path, message }) => ({ path: path === '' ? 'event' : `event.${path}`, message }));
  if (code === 'invalid-request') return new InvalidRequest(below);
  return new ProblemError(code, below.map(({ path, message }) => `${path} ${message}`).join('; '), { errors: below });
}
