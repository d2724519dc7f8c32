import { type Response, Router } from 'express';
import type { Html } from '../../pages/html.ts';
import { sendPage } from '../../pages/routes/send-page.ts';
import { closedSignInLinkPage, confirmSignInPage, lookIntoYourMailPage, signInPage } from '../../pages/sign-in-page.ts';
import { readForm } from '../../platform/http/body.ts';
import { NotFound } from '../../platform/errors.ts';
import { provenanceOf } from '../../platform/http/provenance.ts';
import { emailSchema } from '../../platform/http/schemas.ts';
import type { FormGuard } from './form-guard.ts';
import { SIGN_IN_LINK_MINUTES } from './sign-in-links.ts';
import type { LinkState, SignInService } from './sign-in-service.ts';
import type { Visitors } from './visitors.ts';

export interface SignInRouterParts {
  readonly signIn: SignInService;
  readonly visitors: Visitors;
  readonly guard: FormGuard;
}

/** `/sign-in`, the one-time links behind it, and `/sign-out`. */
export function signInRouter({ signIn, visitors, guard }: SignInRouterParts): Router {
  const router = Router({ caseSensitive: true });

  router.get('/sign-in', (request, response) =>
    sendPage(response, 200, signInPage({ csrfToken: guard.visitorToken(request, response) })),
  );

  router.post('/sign-in', async (request, response) => {
    const fields = await readForm(request);
    guard.checkVisitor(request, fields['csrf']);
    const email = emailSchema.safeParse(fields['email']?.trim());
    if (!email.success)
      return sendPage(response, 400, wrongAddress(fields['email'], guard.visitorToken(request, response)));
    await signIn.request(email.data, provenanceOf(request, response));
    sendPage(response, 200, lookIntoYourMailPage({ validMinutes: SIGN_IN_LINK_MINUTES }));
  });

  router.get('/sign-in/:token', async (request, response) => {
    const { token } = request.params;
    const state = await signIn.look(token);
    if (state !== 'open') return sendClosed(response, state);
    sendPage(
      response,
      200,
      confirmSignInPage({
        action: `/sign-in/${encodeURIComponent(token)}`,
        csrfToken: guard.visitorToken(request, response),
      }),
    );
  });

  router.post('/sign-in/:token', async (request, response) => {
    guard.checkVisitor(request, (await readForm(request))['csrf']);
    const result = await signIn.signIn(request.params.token, provenanceOf(request, response));
    if ('closed' in result) return sendClosed(response, result.closed);
    visitors.signIn(response, result.secret);
    response.redirect(303, '/inbox');
  });

  router.post('/sign-out', async (request, response) => {
    const fields = await readForm(request);
    await visitors.signOut(request, response, fields['csrf']);
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
