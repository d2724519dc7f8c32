import type { ClaimedMessage, Delivery, OutboxHandler } from '../notify/service.ts';

/** Several features share a channel: each message goes to the one that its type belongs to. */
export class OutboxByType implements OutboxHandler {
  readonly #handlers: Readonly<Record<string, OutboxHandler>>;
  readonly #others: OutboxHandler;

  /**
   * @param handlers by `reference.type`
   * @param others takes every other type
   */
  constructor(handlers: Readonly<Record<string, OutboxHandler>>, others: OutboxHandler) {
    this.#handlers = handlers;
    this.#others = others;
  }

  deliver(message: ClaimedMessage, signal: AbortSignal): Promise<Delivery> {
    return (this.#handlers[String(message.reference['type'])] ?? this.#others).deliver(message, signal);
  }

  async close(): Promise<void> {
    for (const handler of [...Object.values(this.#handlers), this.#others]) await handler.close?.();
  }
}
