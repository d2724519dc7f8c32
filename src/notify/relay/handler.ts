import type { OutboxMessage, Transaction } from '../../platform/unit-of-work.ts';

export type Channel = OutboxMessage['channel'];

/** A message that this process holds the lease of. */
export interface ClaimedMessage {
  readonly id: string;
  readonly organization: string;
  readonly channel: Channel;
  readonly reference: OutboxMessage['reference'];
  /** Opened; null where the message has none. */
  readonly body: string | null;
  /** How often it has been tried, this time included. */
  readonly attempts: number;
  readonly createdAt: Date;
  /** When this attempt was due. */
  readonly dueAt: Date;
}

/** How an attempt ends for the message: it goes, it stays for later, or it stays as failed. */
export type Ending = 'delivered' | 'retry' | 'given-up';

/**
 * What to write besides, in the transaction that settles the attempt. It may run again, in another transaction, where the
 * first one could not be committed.
 * @param ending `given-up` also where a retry would come too late
 */
export type Bookkeeping = (tx: Transaction, ending: Ending) => void | Promise<void>;

/** What came of an attempt. `error` is a code of ours: never a server's text, which may hold addresses. */
export type Delivery =
  | { readonly outcome: 'delivered'; readonly record?: Bookkeeping }
  | { readonly outcome: 'retry'; readonly error: string; readonly notBefore?: Date; readonly record?: Bookkeeping }
  | { readonly outcome: 'given-up'; readonly error: string; readonly record?: Bookkeeping }
  /** It was not tried at all, and does not count as an attempt. */
  | { readonly outcome: 'postponed'; readonly until: Date }
  /** It was not tried at all, and never will be: nobody needs it any more. */
  | { readonly outcome: 'obsolete' };

/** Carries out the messages of one channel, at least once each. */
export interface OutboxHandler {
  /**
   * Tries once. What it throws is a defect and counts as a retry.
   * @param signal aborted when the process must end now
   */
  deliver(message: ClaimedMessage, signal: AbortSignal): Promise<Delivery>;
  /** Lets go of connections that are kept open; called when the relay has stopped. */
  close?(): void | Promise<void>;
}

/** What another feature has to say about the messages it has sent, and wants to know of them; `on…` run like `Bookkeeping`. */
export interface DeliveryHooks {
  /** Asked before every attempt. False: it goes, unsent, and nobody is told. */
  stillWanted?(message: ClaimedMessage): Promise<boolean>;
  onDelivered?(tx: Transaction, message: ClaimedMessage): void | Promise<void>;
  onGivenUp?(tx: Transaction, message: ClaimedMessage, error: string): void | Promise<void>;
}

/** How one channel is worked off. */
export interface LaneOptions {
  readonly handler: OutboxHandler;
  /** How many attempts run side by side. */
  readonly concurrency: number;
  /** Milliseconds after which a message that does not arrive is given up; null: never. */
  readonly retryForMs: number | null;
  readonly hooks?: DeliveryHooks;
}

/** Where the relay counts. */
export interface RelayMetrics {
  delivered(channel: Channel): void;
  retried(channel: Channel, code: string): void;
  givenUp(channel: Channel, code: string): void;
  /** @param ms from the moment the attempt was due to its success */
  lag(channel: Channel, ms: number): void;
}
