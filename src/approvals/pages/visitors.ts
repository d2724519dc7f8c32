import type { Request } from 'express';
import type { PageContext, SignedInView } from '../../pages/view-models.ts';
import type { Caller } from '../../platform/http/caller.ts';

/** Somebody who is signed in. */
export interface SignedIn {
  /** The session's id; not its secret. */
  readonly session: string;
  readonly person: string;
  readonly name: string | null;
  readonly organizationName: string;
  readonly caller: Caller;
}

/** What the inbox needs of whoever signs people in. */
export interface Visitors {
  /** @returns null where nobody is signed in */
  find(request: Request): Promise<SignedIn | null>;
  /** The head of a page for them. */
  pageContext(signedIn: SignedIn): PageContext & { readonly signedInAs: SignedInView };
  /** @param purpose what the form is for, down to the thing it changes */
  formToken(signedIn: SignedIn, purpose: string): string;
  /** @throws Forbidden where the form was not served to this session for this purpose */
  checkForm(request: Request, signedIn: SignedIn, purpose: string, token: string | undefined): void;
}
