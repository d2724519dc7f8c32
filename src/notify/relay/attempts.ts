import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import type { ClaimedMessage, Delivery, RelayMetrics } from './handler.ts';
import type { Lane } from './lane.ts';
import type { Leases } from './leases.ts';
import type { OpenedMessage } from './open-bodies.ts';
import type { Attempt } from './settlement.ts';
import { Settler } from './settler.ts';
import { judge } from './verdict.ts';

export interface AttemptsParts {
  readonly work: UnitOfWork;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RelayMetrics;
  readonly random: () => number;
  /** There is room again, or something will be due. */
  readonly onChange: () => void;
}

/** Tries messages, and sees to it that what came of each is written down. */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #settler: Settler;
  readonly #breakOff = new AbortController();

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    this.#settler = new Settler({
      work: parts.work,
      logger: parts.logger,
      onSettled: (attempt) => this.#onSettled(attempt),
    });
  }

  /** Tries a message. Never rejects. */
  async attempt(opened: OpenedMessage, lane: Lane): Promise<void> {
    const { message } = opened;
    const { clock, leases, random } = this.#parts;
    if (!leases.holds(message.id)) {
      this.#letGo(message, lane);
      return;
    }
    const delivery = await this.#deliver(opened, lane);
    this.#settler.settle({
      message,
      lane,
      verdict: judge(delivery, message, clock.now(), random(), lane.options.retryForMs),
    });
  }

  /** Leaves messages that nobody has begun with to whoever comes next. */
  giveBack(messages: readonly OpenedMessage[], lane: Lane): void {
    const dueAt = this.#parts.clock.now();
    for (const { message } of messages)
      this.#settler.settle({ message, lane, verdict: { ending: 'postponed', dueAt } });
  }

  /** Resolves when the ending of every attempt is written. */
  idle(): Promise<void> {
    return this.#settler.idle();
  }

  /** Ends what is being tried as fast as can be. */
  breakOff(): void {
    this.#breakOff.abort();
  }

  /** What is not written by now never is: its lease runs out, and it is tried once more. */
  abandon(): void {
    this.#settler.abandon();
  }

  async #deliver({ message, unreadable }: OpenedMessage, lane: Lane): Promise<Delivery> {
    if (unreadable) return { outcome: 'given-up', error: unreadable };
    try {
      const { handler, hooks } = lane.options;
      if (hooks?.stillWanted && !(await hooks.stillWanted(message))) return { outcome: 'obsolete' };
      return await handler.deliver(message, this.#breakOff.signal);
    } catch (error) {
      this.#parts.logger.error(
        { message: message.id, channel: message.channel, error: error instanceof Error ? error.name : 'unknown' },
        'the handler of an outbox message failed',
      );
      return { outcome: 'retry', error: 'handler-failed' };
    }
  }

  #onSettled({ message, lane, verdict }: Attempt): void {
    this.#count(message, verdict);
    if (verdict.ending === 'retry' || verdict.ending === 'postponed') this.#parts.onChange();
    this.#letGo(message, lane);
  }

  #letGo(message: ClaimedMessage, lane: Lane): void {
    this.#parts.leases.letGo(message.id);
    if (lane.release()) this.#parts.onChange();
  }

  #count(message: ClaimedMessage, verdict: Attempt['verdict']): void {
    const { logger, metrics, clock } = this.#parts;
    const { id, channel, attempts } = message;
    if (verdict.ending === 'delivered') {
      metrics.delivered(channel);
      metrics.lag(channel, clock.now().getTime() - message.dueAt.getTime());
    } else if (verdict.ending === 'retry') {
      metrics.retried(channel, verdict.error);
      logger.info({ message: id, channel, attempts, code: verdict.error }, 'an outbox message will be tried again');
    } else if (verdict.ending === 'given-up') {
      metrics.givenUp(channel, verdict.error);
      logger.warn({ message: id, channel, attempts, code: verdict.error }, 'an outbox message was given up');
    }
  }
}
