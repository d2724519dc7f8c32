import type { CookieOptions, Request, Response } from 'express';

/** `session` is whoever signed in; `visitor` ties forms to a browser before anybody is signed in. */
export type CookieName = 'session' | 'visitor';

/** The shape of every secret that we put into a cookie (`newSecret`): anything else is not worth a look into the database. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Our two cookies. They hold random secrets and nothing else. */
export class Cookies {
  readonly #secure: boolean;

  /** @param secure whether the public address is https */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  /** The cookie's secret; null where there is none, or something that we did not set. */
  read(request: Request, name: CookieName): string | null {
    const begin = `${this.#nameOf(name)}=`;
    const pair = (request.get('cookie') ?? '')
      .split(';')
      .map((text) => text.trim())
      .find((text) => text.startsWith(begin));
    const value = pair?.slice(begin.length) ?? '';
    return SECRET.test(value) ? value : null;
  }

  /** @param maxAgeMs milliseconds; without it the cookie goes when the browser is closed */
  set(response: Response, name: CookieName, secret: string, maxAgeMs?: number): void {
    response.cookie(this.#nameOf(name), secret, {
      ...this.#options(),
      ...(maxAgeMs === undefined ? {} : { maxAge: maxAgeMs }),
    });
  }

  clear(response: Response, name: CookieName): void {
    response.clearCookie(this.#nameOf(name), this.#options());
  }

  /** `__Host-` (RFC 6265bis, 4.1.3.2) keeps a sibling domain from setting the cookie; browsers take it over https only. */
  #nameOf(name: CookieName): string {
    return `${this.#secure ? '__Host-' : ''}countersign-${name}`;
  }

  /** Lax: a link in a mail leads into a session, another site's form does not. */
  #options(): CookieOptions {
    return { httpOnly: true, sameSite: 'lax', path: '/', secure: this.#secure };
  }
}
