import { amount, deadline, notice, pagination, person } from './components.ts';
import { counted } from './format.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import { supplied, suppliedOrErased } from './supplied-text.ts';
import type { AmountView, PageContext, PersonView, SignedInView } from './view-models.ts';

/** A request that waits for the signed-in person. `stageNumber` counts from 1. */
export interface InboxItemView {
  readonly id: string;
  readonly title: string | null;
  readonly amount: AmountView | null;
  readonly teamName: string;
  readonly requester: PersonView;
  readonly stageName: string | null;
  readonly stageNumber: number;
  readonly stageCount: number;
  readonly deadlineAt: Date | null;
  /** The absent approver who is stood in for. */
  readonly onBehalfOf: string | null;
}

/** What the inbox shows: one page of items, and where the pages beside it are. */
export interface InboxPageView extends PageContext {
  readonly signedInAs: SignedInView;
  readonly items: readonly InboxItemView[];
  readonly previous?: string | null;
  readonly next?: string | null;
  /** Says what just happened, after a redirect. */
  readonly message?: string | null;
  readonly now: Date;
}

/** All that waits for the signed-in person, the soonest deadline first. */
export function inboxPage({ items, previous, next, message, now, ...page }: InboxPageView): Html {
  const body = html`<div class="inbox">
  <h1>Waiting for you</h1>
  ${message && notice('status', message)}
  ${items.length === 0 ? nothingWaits() : waiting(items, now, Boolean(previous ?? next))}
  ${pagination('requests', { previous, next })}
</div>`;
  return layout({ ...page, title: items.length === 0 ? 'Nothing waits for you' : 'Waiting for you', body });
}

function waiting(items: readonly InboxItemView[], now: Date, isPartial: boolean): Html {
  const overdue = items.filter((item) => isOverdue(item, now)).length;
  const summary = `${counted(items.length, 'request')}${isPartial ? ' on this page' : ''}, the soonest deadline first${overdue > 0 ? `; ${overdue} overdue` : ''}.`;
  const sorted = items.toSorted((a, b) => dueTime(a) - dueTime(b));
  return html`<p class="lead">${summary}</p>
  <ul class="inbox-items" role="list">${sorted.map((item) => inboxItem(item, now))}</ul>`;
}

/** A request without a deadline comes last. */
function dueTime({ deadlineAt }: InboxItemView): number {
  return deadlineAt?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function isOverdue({ deadlineAt }: InboxItemView, now: Date): boolean {
  return deadlineAt !== null && deadlineAt.getTime() <= now.getTime();
}

function inboxItem(item: InboxItemView, now: Date): Html {
  const onBehalf =
    item.onBehalfOf !== null && html`<p>You stand in for <strong>${supplied(item.onBehalfOf)}</strong>.</p>`;
  return html`<li class="inbox-item${isOverdue(item, now) ? ' inbox-overdue' : ''}">
    <div>
      <h2><a href="/inbox/approvals/${encodeURIComponent(item.id)}">${suppliedOrErased(item.title)}</a></h2>
      <p>${person(item.requester)} for <strong>${supplied(item.teamName)}</strong></p>
      ${onBehalf}
    </div>
    ${item.amount && html`<p class="inbox-amount">${amount(item.amount)}</p>`}
    <p class="inbox-when"><span>Stage ${item.stageNumber} of ${item.stageCount}${item.stageName && html`: ${supplied(item.stageName)}`}</span>
      <span>${item.deadlineAt ? html`Answer until ${deadline(item.deadlineAt, now)}` : 'No deadline'}</span></p>
  </li>`;
}

function nothingWaits(): Html {
  return html`<div class="empty">
    <p class="empty-title">Nothing waits for you.</p>
    <p>When a request needs your decision, a mail with a link is sent to you, and the request is listed here until it is decided.</p>
    <p>You expected one? It may have been decided by others, or its earlier stages may not be finished yet. The requester can tell you.</p>
  </div>`;
}
