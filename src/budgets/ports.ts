import type { EntityManager } from '@mikro-orm/postgresql';
import type { JsonValue } from '../platform/canonical-json.ts';
import type { Caller } from '../platform/http/caller.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { Money } from './queries.ts';

/** Whose spending is asked for; internal ids. */
export interface SpendingQuestion {
  readonly organization: string;
  /** The teams whose own spending counts; null: all of the organization. */
  readonly teams: readonly string[] | null;
  readonly person: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  /** That it is asked in. */
  readonly currency: string;
  readonly from: Date;
  /** No longer belongs to it. */
  readonly until: Date;
}

/** What was spent; decimals. */
export interface Spent {
  /** In the currency that was asked for; what was spent in others at the exchange rates of the moments at which it was. */
  readonly counted: string;
  /** What there was no exchange rate for. */
  readonly uncounted: readonly Money[];
  /** Every other currency that something was spent in. */
  readonly otherCurrencies: readonly string[];
}

/** What the ledger has booked: a period that begins starts from there. */
export interface SpentSource {
  /** Sees what the transaction sees, to the moment, also where hours are cut. */
  spent(em: EntityManager, question: SpendingQuestion): Promise<Spent>;
}

/** What a call without sound and pictures may cost at most, or nothing where the price is not known. */
export interface CostEstimator {
  estimate(
    em: EntityManager,
    call: {
      organization: string;
      provider: string;
      model: string;
      inputTokens: number;
      outputTokens: number;
      currency: string;
      at: Date;
    },
  ): Promise<string | null>;
}

/** A usage event that settles a reservation, as the caller sent it. */
export type SettlementEvent = { readonly [field: string]: JsonValue };

/** What a reservation was made for; it stands in for what the event leaves out. */
export interface ReservedCall {
  readonly id: string;
  readonly team: string;
  readonly person: string;
  readonly provider: string | null;
  readonly model: string | null;
  /** That it was held in, and is to be booked in. */
  readonly currency: string;
  /** When it was made: unless the event says otherwise, the call was made then. */
  readonly createdAt: Date;
}

/** What the ledger made of it. */
export interface BookedSettlement {
  readonly team: string;
  readonly person: string;
  readonly provider: string;
  readonly model: string;
  /**
   * A decimal in the reservation's currency; null: nothing is counted now, because no price is known yet or the event was
   * booked before.
   */
  readonly cost: string | null;
  readonly occurredAt: Date;
}

/** Books the event that settles a reservation, once per reservation, without telling the `SpendSink`: settling counts it. */
export interface SettlementLedger {
  /**
   * @throws InvalidRequest naming places below `event`, also where it would be booked in another currency than was held, or
   * occurred before the reservation was made
   */
  book(tx: Transaction, caller: Caller, reservation: ReservedCall, event: SettlementEvent): Promise<BookedSettlement>;
}
