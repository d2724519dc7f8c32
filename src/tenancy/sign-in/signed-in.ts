import type { Request } from 'express';
import type { PageContext } from '../../pages/view-models.ts';
import type { Cookies } from './cookies.ts';
import type { FormGuard } from './form-guard.ts';
import type { Sessions, SignedIn } from './sessions.ts';

/** What a room with pages needs to know who looks at them. */
export interface Visitors {
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  readonly guard: FormGuard;
}

/** @returns null where nobody is signed in */
export async function findSignedIn(request: Request, { sessions, cookies }: Visitors): Promise<SignedIn | null> {
  const secret = cookies.read(request, 'session');
  return secret === null ? null : sessions.find(secret);
}

/** What the form to sign out is for. */
export function signOutScope({ session }: SignedIn): string {
  return `sign-out/${session}`;
}

/** The head of every page for somebody who is signed in: where, as whom, and the way out. */
export function signedInContext(signedIn: SignedIn, { guard }: Visitors): Required<Pick<PageContext, 'organization' | 'nav'>> & { signedInAs: NonNullable<PageContext['signedInAs']> } {
  return {
    organization: signedIn.organizationName,
    signedInAs: { name: signedIn.name, csrfToken: guard.token(signOutScope(signedIn)) },
    nav: [{ href: '/inbox', label: 'Inbox', current: true }],
  };
}
