import { codeBlock, definitionList } from './components.ts';
import { html } from './html.ts';
import type { Content, Html } from './html.ts';
import { layout } from './layout.ts';
import type { PageContext } from './view-models.ts';

/** The HTTP statuses that have a page of their own. */
export type MessageStatus = 403 | 404 | 410 | 429 | 500 | 503;

/** What a message page shows. `requestId` lets whoever runs the service find the request in the log. */
export interface MessagePageView extends PageContext {
  readonly status: MessageStatus;
  readonly requestId?: string | null;
  /** Where to go on, if not away. */
  readonly link?: { readonly href: string; readonly label: string } | null;
  /** Seconds after which it makes sense to try again (429 and 503). */
  readonly retryAfter?: number | null;
}

const MESSAGES: Readonly<
  Record<MessageStatus, { readonly title: string; readonly what: string; readonly next: string }>
> = {
  403: {
    title: 'You may not see this',
    what: 'You are signed in, but this page is not for you, or the form you sent was opened too long ago.',
    next: 'Go back, open the page again and repeat the last step. If it stays so, ask whoever manages Countersign in your organization.',
  },
  404: {
    title: 'There is nothing here',
    what: 'This address belongs to no page that you may see.',
    next: 'If you came by a link in a mail, copy the whole link into the address bar: mail programs break long ones.',
  },
  410: {
    title: 'This is no longer here',
    what: 'What stood at this address was removed, or its time is over.',
    next: 'If a decision of yours is still needed, a newer mail holds the link to it.',
  },
  429: {
    title: 'Too many requests',
    what: 'More came from you than is answered at once. What you sent last was not carried out.',
    next: 'Wait a moment, then try again.',
  },
  500: {
    title: 'Something went wrong on our side',
    what: 'The page could not be made. We keep a record of it.',
    next: 'Try again. Before you repeat a decision, open your link: it shows whether the decision was recorded.',
  },
  503: {
    title: 'Not available for the moment',
    what: 'A part that is needed does not answer. Nothing that was accepted is lost.',
    next: 'Try again in a minute. Before you repeat a decision, open your link: it shows whether the decision was recorded.',
  },
};

/** A page that says what went wrong and what to do next, and nothing about the inside of the service. */
export function messagePage({ status, requestId, link, retryAfter, ...page }: MessagePageView): Html {
  const { title, what, next } = MESSAGES[status];
  const body = html`<div class="card">
  <p class="eyebrow">Error ${status}</p>
  <h1>${title}</h1>
  <p>${what}</p>
  <p>${next}${retryAfter ? ` Wait ${retryAfter} s first.` : null}</p>
  ${link && html`<p><a class="button" href="${link.href}">${link.label}</a></p>`}
  ${requestId && html`<p class="muted">If you ask for help, give this number: <code>${requestId}</code></p>`}
</div>`;
  return layout({ ...page, title, body, width: 'narrow' });
}

/** A type of problem that the API answers with (RFC 9457), explained. `example` is a JSON value. */
export interface ProblemPageView extends PageContext {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly meaning: Content;
  readonly whatToDo: Content;
  readonly example: unknown;
}

/** The page that a problem's `type` leads to. */
export function problemPage({ type, title, status, meaning, whatToDo, example, ...page }: ProblemPageView): Html {
  const body = html`<article class="card prose">
  <p class="eyebrow">Problem type</p>
  <h1>${title}</h1>
  ${definitionList([
    ['Type', html`<code>${type}</code>`],
    ['HTTP status', status],
  ])}
  <h2>What it means</h2>
  <p>${meaning}</p>
  <h2>What to do</h2>
  <p>${whatToDo}</p>
  <h2>Example</h2>
  ${codeBlock('Example', JSON.stringify(example, null, 2))}
  <p><a href="/docs#problems">All problem types</a></p>
</article>`;
  return layout({ ...page, title: `Problem: ${title}`, body });
}
