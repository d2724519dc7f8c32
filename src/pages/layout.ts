import { csrfField } from './components.ts';
import { attributes, html } from './html.ts';
import type { Content, Html } from './html.ts';
import { supplied, suppliedOrErased, suppliedPlain } from './supplied-text.ts';
import type { NavItem, PageContext, SignedInView } from './view-models.ts';

/** A page to be framed. `title` is plain text; `width` is `wide` for reference pages with a side column. */
interface LayoutView extends PageContext {
  readonly title: string;
  readonly body: Content;
  readonly width?: 'narrow' | 'normal' | 'wide';
}

/**
 * A whole document around a page's body, the same for all pages: head, skip link, banner, navigation, main and footer.
 * It has no script and no inline style, so that it works under `default-src 'none'; style-src 'self'; img-src 'self'`.
 */
export function layout({ title, body, organization, signedInAs, nav, width = 'normal' }: LayoutView): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="robots" content="noindex"/>
<meta name="color-scheme" content="light dark"/>
<title>${suppliedPlain(title)} · Countersign</title>
<link rel="stylesheet" href="/assets/countersign.css"/>
<link rel="icon" href="/assets/logo.svg" type="image/svg+xml"/>
</head>
<body>
<a class="skip-link" href="#content">Skip to the content</a>
<header class="banner">
  <div class="banner-inner">
    <div class="brand"><img src="/assets/logo.svg" alt="" width="32" height="32"/><span class="brand-name">Countersign</span>${
      organization && html`<span class="brand-organization">${supplied(organization)}</span>`
    }</div>
    ${nav && nav.length > 0 && navigation(nav)}
    ${signedInAs && account(signedInAs)}
  </div>
</header>
<main id="content" class="page page-${width}" tabindex="-1">
${body}
</main>
<footer class="footer"><p>Countersign keeps a record of who decided what, when and why. Times are in UTC.</p></footer>
</body>
</html>
`;
}

function navigation(items: readonly NavItem[]): Html {
  const links = items.map(
    ({ href, label, current }) =>
      html`<li><a href="${href}"${attributes({ 'aria-current': current ? 'page' : null })}>${label}</a></li>`,
  );
  return html`<nav class="main-nav" aria-label="Main"><ul>${links}</ul></nav>`;
}

function account({ name, csrfToken }: SignedInView): Html {
  return html`<form class="account" method="post" action="/sign-out">
      ${csrfField(csrfToken)}
      <span class="account-name">Signed in as <strong>${suppliedOrErased(name)}</strong></span>
      <button class="button" type="submit">Sign out</button>
    </form>`;
}
