import type { Request, Response } from 'express';
import type { PageContext, SignedInView } from '../../pages/view-models.ts';
import { provenanceOf } from '../../platform/http/provenance.ts';
import type { Cookies } from './cookies.ts';
import type { FormGuard } from './form-guard.ts';
import { SESSION_MS, type Sessions, type SignedIn } from './sessions.ts';

/** Who looks at a page: finds sessions by their cookie, and guards the forms of those who are signed in. */
export class Visitors {
  readonly #sessions: Sessions;
  readonly #cookies: Cookies;
  readonly #guard: FormGuard;

  constructor(parts: { sessions: Sessions; cookies: Cookies; guard: FormGuard }) {
    this.#sessions = parts.sessions;
    this.#cookies = parts.cookies;
    this.#guard = parts.guard;
  }

  /** @returns null where nobody is signed in */
  async find(request: Request): Promise<SignedIn | null> {
    const secret = this.#cookies.read(request, 'session');
    return secret === null ? null : this.#sessions.find(secret);
  }

  /** The head of every page for somebody who is signed in: where, as whom, and the way out. */
  pageContext(signedIn: SignedIn): PageContext & { readonly signedInAs: SignedInView } {
    return {
      organization: signedIn.organizationName,
      signedInAs: { name: signedIn.name, csrfToken: this.formToken(signedIn, SIGN_OUT) },
      nav: [{ href: '/inbox', label: 'Inbox', current: true }],
    };
  }

  /** @param purpose what the form is for, down to the thing it changes */
  formToken({ session }: SignedIn, purpose: string): string {
    return this.#guard.token(`session/${session}/${purpose}`);
  }

  /** @throws Forbidden where the form was not served to this session for this purpose */
  checkForm(request: Request, { session }: SignedIn, purpose: string, token: string | undefined): void {
    this.#guard.check(request, `session/${session}/${purpose}`, token);
  }

  signIn(response: Response, secret: string): void {
    this.#cookies.set(response, 'session', secret, SESSION_MS);
  }

  /** Ends the session of whoever sent the form; without one, there is nothing to end. @throws Forbidden */
  async signOut(request: Request, response: Response, token: string | undefined): Promise<void> {
    const signedIn = await this.find(request);
    if (signedIn) {
      this.checkForm(request, signedIn, SIGN_OUT, token);
      await this.#sessions.end(signedIn, provenanceOf(request, response));
    }
    this.#cookies.clear(response, 'session');
  }
}

const SIGN_OUT = 'sign-out';
