/** What a server answered to somebody with a browser. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly source: string;
  /** The page's words, without its markup. */
  readonly text: string;
}

/** A browser without a screen and without JavaScript: keeps cookies, does not follow redirects, sends forms as they were served. */
export class Visitor {
  readonly #baseUrl: string;
  readonly #cookies = new Map<string, string>();

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  get(address: string, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#ask('GET', address, undefined, headers);
  }

  head(address: string): Promise<Seen> {
    return this.#ask('HEAD', address);
  }

  /** Sends just these fields, whatever the page's form holds. */
  post(address: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#ask('POST', address, new URLSearchParams(fields), headers);
  }

  /** Opens the page and sends its form, filled in. */
  async submit(address: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Seen> {
    const page = await this.get(address);
    return this.post(address, { ...hiddenFields(page.source), ...fields }, headers);
  }

  async #ask(
    method: string,
    address: string,
    body?: URLSearchParams,
    headers: Record<string, string> = {},
  ): Promise<Seen> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(address, this.#baseUrl), {
      method,
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie ? { cookie } : {}), ...headers },
      ...(body ? { body } : {}),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    const source = await answer.text();
    return { status: answer.status, headers: answer.headers, source, text: wordsOf(source) };
  }

  #keep(line: string): void {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

/** The hidden fields of the form in a page's content; the banner's own form does not count. */
export function hiddenFields(source: string): Record<string, string> {
  const content = source.slice(source.indexOf('<main'));
  return Object.fromEntries(
    [...content.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

/** Whether a page lets its visitor decide. */
export function takesDecision(source: string): boolean {
  return /<button[^>]* name="decision"/.test(source);
}

function wordsOf(source: string): string {
  return source
    .slice(source.indexOf('<body'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');
}
