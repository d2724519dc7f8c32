import { type Response, Router } from 'express';
import type { Html } from '../../pages/html.ts';
import { closedSignInLinkPage, confirmSignInPage, lookIntoYourMailPage, signInPage } from '../../pages/sign-in-page.ts';
import { readForm } from '../../platform/http/body.ts';
import { NotFound } from '../../platform/errors.ts';
import { requestIdOf } from '../../platform/http/request-id.ts';
import { emailSchema } from '../../platform/http/schemas.ts';
import { sendPage } from './send-page.ts';
import { SESSION_MS } from './sessions.ts';
import { SIGN_IN_LINK_MINUTES } from './sign-in-links.ts';
import type { LinkState, SignInService } from './sign-in-service.ts';
import { findSignedIn, signOutScope, type Visitors } from './signed-in.ts';

export interface SignInRouterParts {
  readonly signIn: SignInService;
  readonly visitors: Visitors;
}

/** `/sign-in`, the one-time links behind it, and `/sign-out`. */
export function signInRouter({ signIn, visitors }: SignInRouterParts): Router {
  const { sessions, cookies, guard } = visitors;
  const router = Router({ caseSensitive: true });

  router.get('/sign-in', (request, response) => sendPage(response, 200, signInPage({ csrfToken: guard.visitorToken(request, response) })));

  router.post('/sign-in', async (request, response) => {
    const fields = await readForm(request);
    guard.checkVisitor(request, fields['csrf']);
    const email = emailSchema.safeParse(fields['email']?.trim());
    if (!email.success) return sendPage(response, 400, wrongAddress(fields['email'], guard.visitorToken(request, response)));
    await signIn.request(email.data, request.ip ?? 'unknown', requestIdOf(response));
    sendPage(response, 200, lookIntoYourMailPage({ validMinutes: SIGN_IN_LINK_MINUTES }));
  });

  router.get('/sign-in/:token', async (request, response) => {
    const { token } = request.params;
    const state = await signIn.look(token);
    if (state !== 'open') return sendClosed(response, state);
    sendPage(response, 200, confirmSignInPage({ action: `/sign-in/${encodeURIComponent(token)}`, csrfToken: guard.visitorToken(request, response) }));
  });

  router.post('/sign-in/:token', async (request, response) => {
    guard.checkVisitor(request, (await readForm(request))['csrf']);
    const result = await signIn.signIn(request.params.token, requestIdOf(response));
    if ('closed' in result) return sendClosed(response, result.closed);
    cookies.set(response, 'session', result.secret, SESSION_MS);
    response.redirect(303, '/inbox');
  });

  router.post('/sign-out', async (request, response) => {
    const signedIn = await findSignedIn(request, visitors);
    const fields = await readForm(request);
    if (signedIn) {
      guard.check(request, signOutScope(signedIn), fields['csrf']);
      await sessions.end(signedIn, requestIdOf(response));
    }
    cookies.clear(response, 'session');
    response.redirect(303, '/sign-in');
  });

  return router;
}

function wrongAddress(email: string | undefined, csrfToken: string): Html {
  return signInPage({ csrfToken, email: email ?? '', error: 'Enter an e-mail address such as jane@example.com.' });
}

function sendClosed(response: Response, state: Exclude<LinkState, 'open'>): void {
  if (state === 'unknown') throw new NotFound('sign-in link');
  sendPage(response, 410, closedSignInLinkPage({ reason: state }));
}
