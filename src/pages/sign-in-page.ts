import { csrfField } from './components.ts';
import { inputField } from './form-fields.ts';
import { html } from './html.ts';
import type { Content, Html } from './html.ts';
import { layout } from './layout.ts';
import type { PageContext } from './view-models.ts';

/** What the form for an address shows; `email` and `error` are there after an address that is none. */
export interface SignInPageView extends PageContext {
  readonly csrfToken?: string | null;
  readonly email?: string;
  readonly error?: string | null;
}

function narrow(page: PageContext, heading: string, content: Content, title = heading): Html {
  return layout({ ...page, title, body: html`<div class="card"><h1>${heading}</h1>${content}</div>`, width: 'narrow' });
}

/** Asks for the address to which a one-time link is mailed. POSTs `email` to `/sign-in`. */
export function signInPage({ csrfToken, email = '', error, ...page }: SignInPageView): Html {
  const form = html`<p>Enter the address at which you are asked for decisions. We mail you a link that signs you in.</p>
  <form method="post" action="/sign-in" class="stack">
    ${csrfToken && csrfField(csrfToken)}
    ${inputField({ type: 'email', name: 'email', label: 'E-mail address', error, value: email, required: true, autocomplete: 'email', inputmode: 'email', maxlength: 254, spellcheck: 'false', autocapitalize: 'none' })}
    <button class="button button-primary" type="submit">Mail me a link</button>
  </form>`;
  return narrow(page, 'Sign in', form, error ? 'Error: Sign in' : 'Sign in');
}

/** Follows the form, in the same words whether the address is known or not, so that nobody can find out who has an account. */
export function lookIntoYourMailPage({ validMinutes, ...page }: PageContext & { readonly validMinutes: number }): Html {
  const content = html`<p>If the address belongs to someone here, a link is on its way to it. The link works once and for ${validMinutes} minutes.</p>
  <p>Nothing arrived? Look into the spam folder, check the address, and <a href="/sign-in">try again</a>. Whoever manages Countersign in your organization knows which address it has for you.</p>`;
  return narrow(page, 'Look into your mail', content);
}

/** What stands behind the one-time link. Opening it changes nothing, so that a mail scanner cannot use it up; only the button signs in. */
export function confirmSignInPage({
  action,
  csrfToken,
  ...page
}: PageContext & { readonly action: string; readonly csrfToken?: string | null }): Html {
  const form = html`<p>You opened the link from your mail. Press the button to sign in on this device.</p>
  <form method="post" action="${action}" class="stack">
    ${csrfToken && csrfField(csrfToken)}
    <button class="button button-primary" type="submit">Sign in</button>
  </form>
  <p class="muted">You did not ask for it? Close this page; nobody is signed in then.</p>`;
  return narrow(page, 'Sign in to Countersign', form);
}

/** The one-time link after it was used or its time was over. */
export function closedSignInLinkPage({ reason, ...page }: PageContext & { readonly reason: 'used' | 'expired' }): Html {
  const why =
    reason === 'used' ? 'Each link signs in once, and this one was used.' : 'The time to use this link is over.';
  const content = html`<p>${why} Ask for a new one; it takes a minute.</p>
  <p><a class="button button-primary" href="/sign-in">Get a new link</a></p>`;
  return narrow(page, reason === 'used' ? 'This link has been used' : 'This link has expired', content);
}
