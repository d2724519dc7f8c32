import { definitionList, moment, pagination } from './components.ts';
import { counted } from './format.ts';
import { html } from './html.ts';
import type { Content, Html } from './html.ts';
import { layout } from './layout.ts';
import { supplied } from './supplied-text.ts';
import type { PageContext } from './view-models.ts';

/** The head of a caught mail. `href` is the path of its page. */
export interface MailSummaryView {
  readonly href: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly at: Date;
}

/** A caught mail. `htmlHref` is the path that serves its HTML part alone; `null` where a part is missing. */
export interface MailView extends MailSummaryView {
  readonly text: string | null;
  readonly htmlHref: string | null;
}

/** What the list of caught mails shows, the newest first. */
export interface MailboxPageView extends PageContext {
  readonly mails: readonly MailSummaryView[];
  readonly previous?: string | null;
  readonly next?: string | null;
  readonly now: Date;
}

const HINT = html`<p class="lead">The mailbox for development: mail is caught here instead of being delivered. It answers on this machine only.</p>`;

/** `/dev/mailbox`: what would have been mailed. */
export function mailboxPage({ mails, previous, next, now, ...page }: MailboxPageView): Html {
  const list = html`<p>${counted(mails.length, 'mail')}, the newest first. Programs read <a href="/dev/mailbox.json">/dev/mailbox.json</a>.</p>
  <ul class="mails" role="list">${mails.map((mail) => mailItem(mail, now))}</ul>`;
  const empty = html`<div class="empty"><p class="empty-title">No mail yet.</p><p>Ask for an approval, then reload this page: the mail to the first approver arrives here.</p></div>`;
  const body = html`<div class="inbox"><h1>Mailbox</h1>${HINT}${mails.length === 0 ? empty : list}${pagination('mails', { previous, next })}</div>`;
  return layout({ ...page, title: 'Mailbox', body });
}

function mailItem(mail: MailSummaryView, now: Date): Html {
  return html`<li class="mail"><h2><a href="${mail.href}">${subjectOf(mail)}</a></h2><p>to ${supplied(mail.to.join(', '))}</p><p class="muted">${moment(mail.at, now)}</p></li>`;
}

function subjectOf({ subject }: MailSummaryView): Html {
  return subject === '' ? html`(no subject)` : supplied(subject);
}

/** One caught mail: its text part with links that can be followed, and its HTML part in a frame that can do nothing. */
export function mailPage({ mail, now, ...page }: PageContext & { readonly mail: MailView; readonly now: Date }): Html {
  const head = definitionList([
    ['From', supplied(mail.from)],
    ['To', supplied(mail.to.join(', '))],
    ['Sent', moment(mail.at, now)],
  ]);
  const text =
    mail.text !== null && html`<h2>Text part</h2><div class="mail-text" dir="auto">${withLinks(mail.text)}</div>`;
  const frame =
    mail.htmlHref !== null &&
    html`<h2>HTML part</h2><p class="muted">Shown without scripts; follow the links in the text part.</p><iframe class="mail-frame" title="HTML part of the mail" sandbox="" src="${mail.htmlHref}"></iframe>`;
  const body = html`<div class="inbox"><p><a href="/dev/mailbox">All mails</a></p><h1>${subjectOf(mail)}</h1>${HINT}<article class="sheet">${head}${text}${frame}</article></div>`;
  return layout({ ...page, title: mail.subject === '' ? '(no subject)' : mail.subject, body });
}

/** Makes the web addresses of a text part into links; a closing bracket or full stop after one is not part of it. */
function withLinks(text: string): Content {
  const parts = text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/i);
  return parts.map((part, index) =>
    index % 2 === 1 ? html`<a href="${part}" rel="noreferrer">${part}</a>` : supplied(part),
  );
}
