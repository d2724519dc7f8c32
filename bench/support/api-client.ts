import { Pool } from 'undici';

export interface ApiAnswer {
  readonly status: number;
  /** Parsed; null where there is none. */
  readonly body: unknown;
}

export interface Asked {
  readonly key: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
}

/** The API answered something else than a success. */
export class UnexpectedAnswer extends Error {
  readonly code = 'unexpected-answer';
}

/** A client of the API that keeps its connections open. */
export class ApiClient {
  readonly #pool: Pool;

  /** @param connections how many requests can be under way */
  constructor(baseUrl: string, connections: number) {
    this.#pool = new Pool(baseUrl, { connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });
  }

  async ask(method: 'GET' | 'POST' | 'PUT', path: string, { key, body, idempotencyKey }: Asked): Promise<ApiAnswer> {
    const headers: Record<string, string> = { authorization: `Bearer ${key}` };
    if (body) headers['content-type'] = 'application/json';
    if (idempotencyKey) headers['idempotency-key'] = idempotencyKey;
    const response = await this.#pool.request({
      method,
      path,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.body.text();
    return { status: response.statusCode, body: text === '' ? null : JSON.parse(text) };
  }

  /** @throws UnexpectedAnswer unless it is a success */
  async need(method: 'GET' | 'POST' | 'PUT', path: string, asked: Asked): Promise<unknown> {
    const { status, body } = await this.ask(method, path, asked);
    if (status >= 300)
      throw new UnexpectedAnswer(`${method} ${path} answered ${status}: ${JSON.stringify(body).slice(0, 500)}`);
    return body;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
