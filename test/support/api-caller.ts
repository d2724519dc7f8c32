export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON; null where there is no body. */
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are what tests look at
  readonly headers: Headers;
}

/** Calls the API as its users do. */
export class ApiCaller {
  readonly baseUrl: string;
  readonly #ownerKey: string;

  constructor(baseUrl: string, ownerKey: string) {
    this.baseUrl = baseUrl;
    this.#ownerKey = ownerKey;
  }

  /** @param path or a whole address; @param key empty: without one */
  async call(
    method: string,
    path: string,
    body?: unknown,
    key: string = this.#ownerKey,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(path.startsWith('http') ? path : this.baseUrl + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      body: text === '' ? null : json ? JSON.parse(text) : text,
      headers: response.headers,
    };
  }

  /** Fails unless the answer is a success. */
  async need(method: string, path: string, body?: unknown, key?: string): Promise<ApiAnswer['body']> {
    const answer = await this.call(method, path, body, key);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 500)}`);
    return answer.body;
  }

  /** Makes a person in a team and returns a key of theirs. */
  async person(
    team: string,
    user: string,
    roles: readonly string[],
    more: Record<string, unknown> = {},
  ): Promise<string> {
    await this.need('PUT', `/api/v1/teams/${team}/members/${user}`, {
      name: `Name of ${user}`,
      email: `${user}@example.test`,
      roles,
      ...more,
    });
    return (await this.need('POST', '/api/v1/api-keys', { user_id: user })).key;
  }

  /** Asks for an approval for `requester`, in the team and with the chain that are given. */
  async ask(body: Record<string, unknown>, key?: string): Promise<ApiAnswer['body']> {
    return this.need('POST', '/api/v1/approvals', { kind: 'spend', title: 'A request', ...body }, key);
  }

  read(approval: string): Promise<ApiAnswer['body']> {
    return this.need('GET', `/api/v1/approvals/${approval}`);
  }

  async timeline(approval: string): Promise<ApiAnswer['body'][]> {
    return (await this.need('GET', `/api/v1/approvals/${approval}/timeline`)).items;
  }

  decide(approval: string, key: string, decision: string, more: Record<string, unknown> = {}): Promise<ApiAnswer> {
    return this.call('POST', `/api/v1/approvals/${approval}/decisions`, { decision, ...more }, key);
  }
}

/** Waits until something is the case; fails with what was waited for. */
export async function until<Value>(
  look: () => Promise<Value | null | undefined | false>,
  what: string,
  timeoutMs = 20_000,
): Promise<Value> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
