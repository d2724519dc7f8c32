import type { Channel, LaneOptions } from './handler.ts';
import type { OpenedMessage } from './open-bodies.ts';

/** More than are tried at a time, so that one claim fetches many; fewer than would sit here while others are idle. */
const QUEUED_PER_RUNNING = 2;

/** The messages of one channel that this process has in hand. Channels do not wait for each other. */
export class Lane {
  readonly channel: Channel;
  readonly options: LaneOptions;
  readonly #attempt: (opened: OpenedMessage, lane: Lane) => Promise<void>;
  readonly #capacity: number;
  readonly #queue: OpenedMessage[] = [];
  readonly #running = new Set<Promise<void>>();
  #inHand = 0;
  #wasFilled = false;

  /** @param attempt tries a message and sees to what comes of it; never rejects */
  constructor(channel: Channel, options: LaneOptions, attempt: (opened: OpenedMessage, lane: Lane) => Promise<void>) {
    this.channel = channel;
    this.options = options;
    this.#attempt = attempt;
    this.#capacity = options.concurrency * (1 + QUEUED_PER_RUNNING);
  }

  /** How many messages may be claimed for it now. */
  get room(): number {
    return this.#capacity - this.#inHand;
  }

  /** @param offered the room that was claimed for: where all of it was used, there is probably more */
  accept(messages: readonly OpenedMessage[], offered: number): void {
    this.#wasFilled = messages.length >= offered;
    this.#inHand += messages.length;
    this.#queue.push(...messages);
    this.#startMore();
  }

  /** A message is done with. @returns whether this is the moment to fetch more */
  release(): boolean {
    this.#inHand -= 1;
    return this.#wasFilled && this.#inHand <= this.#capacity / 2;
  }

  /** Gives back what nobody has begun with. */
  drain(): OpenedMessage[] {
    return this.#queue.splice(0);
  }

  /** Resolves when nothing is being tried any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #startMore(): void {
    while (this.#running.size < this.options.concurrency) {
      const next = this.#queue.shift();
      if (!next) return;
      const running = this.#attempt(next, this).finally(() => {
        this.#running.delete(running);
        this.#startMore();
      });
      this.#running.add(running);
    }
  }
}
