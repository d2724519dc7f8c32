import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path with query. */
  readonly path: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly json?: object;
  readonly form?: Readonly<Record<string, string>>;
}

/** Nobody answered for good. */
export class NoAnswer extends Error {
  readonly code = 'no-answer';
}

const ANSWER_WITHIN_MS = 20_000;
const PERSISTS_FOR_MS = 300_000;
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/**
 * Asks until there is an answer, as a client does that means it: a broken connection and 503 are answered by the same
 * request again, with the same Idempotency-Key.
 */
export class PersistentClient {
  readonly #baseUrl: string;
  readonly #agent = new Agent({
    connections: 64,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connectTimeout: 2_000,
  });
  requests = 0;
  /** How often a request was repeated, by what had happened to it. */
  readonly repeated = new Map<string, number>();
  /** Answers that no client should ever see. */
  readonly unexpected: string[] = [];

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** @throws NoAnswer */
  async ask(asked: Asked): Promise<Answer> {
    const giveUpAt = performance.now() + PERSISTS_FOR_MS;
    for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      const outcome = await this.#try(asked);
      if (typeof outcome !== 'string') return outcome;
      if (performance.now() > giveUpAt)
        throw new NoAnswer(`${asked.method} ${asked.path}: ${outcome} for ${PERSISTS_FOR_MS / 1000} s`);
      this.repeated.set(outcome, (this.repeated.get(outcome) ?? 0) + 1);
      await pause(pauseMs);
    }
  }

  async json<Body>(asked: Asked, read: (body: unknown) => Body): Promise<Body> {
    const { status, text } = await this.ask(asked);
    if (status >= 300) throw new Error(`${asked.method} ${asked.path} answered ${status}: ${text.slice(0, 300)}`);
    return read(JSON.parse(text));
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** @returns why it is to be asked again, where it is */
  async #try({ method, path, key, idempotencyKey, json, form }: Asked): Promise<Answer | string> {
    this.requests += 1;
    const headers: Record<string, string> = {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
      ...(json
        ? { 'content-type': 'application/json' }
        : form
          ? { 'content-type': 'application/x-www-form-urlencoded' }
          : {}),
    };
    const body = json ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : null;
    let answer: Answer;
    try {
      const response = await this.#agent.request({ origin: this.#baseUrl, method, path, headers, body });
      answer = { status: response.statusCode, text: await response.body.text() };
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'broken connection';
    }
    if (answer.status === 503) return '503';
    // The first attempt is still under way in a process that may be dead by now.
    if (answer.status === 409 && answer.text.includes('/problems/idempotency-conflict')) return 'still under way';
    if (answer.status >= 500) {
      this.unexpected.push(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
      return String(answer.status);
    }
    return answer;
  }
}
