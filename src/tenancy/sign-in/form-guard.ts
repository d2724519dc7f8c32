import { timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { type MasterKey, sha256 } from '../../platform/crypto/master-key.ts';
import { foreignForm, refuseOtherSites } from '../../platform/http/foreign-form.ts';
import { newSecret } from '../../platform/ids.ts';
import type { Cookies } from './cookies.ts';

/**
 * Against cross-site request forgery: a form counts only where we served it to the same browser. Each form carries a token
 * made from what it is for; and what browsers say about where a request comes from must not contradict it.
 */
export class FormGuard {
  readonly #master: MasterKey;
  readonly #cookies: Cookies;
  readonly #origin: string;

  constructor(parts: { master: MasterKey; cookies: Cookies; publicUrl: string }) {
    this.#master = parts.master;
    this.#cookies = parts.cookies;
    this.#origin = new URL(parts.publicUrl).origin;
  }

  /** The token of a form. @param scope all that the form is for and whose it is, secret or not */
  token(scope: string): string {
    return this.#master.formToken(scope);
  }

  /** @throws Forbidden where the form was not served for this scope, or was sent from another site */
  check(request: Request, scope: string, token: string | undefined): void {
    refuseOtherSites(request, this.#origin);
    // Hashing makes both sides equally long, as the comparison wants them.
    if (!timingSafeEqual(sha256(token ?? ''), sha256(this.token(scope)))) throw foreignForm();
  }

  /**
   * The token of a form for somebody who is not signed in, tied to a cookie of their own. Without it another site could
   * sign its visitors in as somebody else, and see what they then enter.
   */
  visitorToken(request: Request, response: Response): string {
    const known = this.#cookies.read(request, 'visitor');
    const visitor = known ?? newSecret();
    if (known === null) this.#cookies.set(response, 'visitor', visitor);
    return this.token(visitorScope(visitor));
  }

  /** @throws Forbidden */
  checkVisitor(request: Request, token: string | undefined): void {
    const visitor = this.#cookies.read(request, 'visitor');
    if (visitor === null) throw foreignForm();
    this.check(request, visitorScope(visitor), token);
  }
}

const visitorScope = (visitor: string) => `visitor/${visitor}`;
