import { request } from 'undici';
import type { AddressGuard } from '../../notify/service.ts';
import { retryAfter } from '../../notify/rules/webhook-answer.ts';
import type { Clock } from '../../platform/clock.ts';
import { type StreamedEvent, StreamRefused, type StreamSender } from './sender.ts';
import type { HttpsTarget } from './target.ts';

export interface HttpsSenderParts {
  readonly target: HttpsTarget;
  /** Trusts what the target trusts. */
  readonly guard: AddressGuard;
  readonly clock: Clock;
  /** Milliseconds for connecting, sending and the answer together. */
  readonly timeoutMs: number;
}

/** Of the answer's body. It is read at all only so that the connection can be used again. */
const READ_AT_MOST = 1_024;

/** Posts batches as a JSON array. Redirects are not followed: where they lead to was not checked. */
export class HttpsSender implements StreamSender {
  readonly #parts: HttpsSenderParts;

  constructor(parts: HttpsSenderParts) {
    this.#parts = parts;
  }

  async send(events: readonly StreamedEvent[], until: AbortSignal): Promise<void> {
    const { target, guard, clock, timeoutMs } = this.#parts;
    const signal = AbortSignal.any([until, AbortSignal.timeout(timeoutMs)]);
    const answer = await request(target.url, {
      method: 'POST',
      dispatcher: guard.agent,
      signal,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Countersign-Audit/1',
        ...(target.token === null ? {} : { authorization: `Bearer ${target.token}` }),
      },
      body: JSON.stringify(events.map(({ event }) => event)),
    });
    await answer.body.dump({ limit: READ_AT_MOST, signal }).catch(() => undefined);
    const { statusCode, headers } = answer;
    if (statusCode >= 200 && statusCode < 300) return;
    const wish = headers['retry-after'];
    throw new StreamRefused(`http-${statusCode}`, retryAfter(Array.isArray(wish) ? wish[0] : wish, clock.now()));
  }

  close(): Promise<void> {
    return this.#parts.guard.close();
  }
}
