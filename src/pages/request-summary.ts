import { amount, deadline, definitionList, moment, person, stateBadge } from './components.ts';
import { contextList } from './context-list.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { humanize } from './format.ts';
import { optionalBlock, supplied, suppliedOrErased } from './supplied-text.ts';
import type { ApprovalView } from './view-models.ts';
import { APPROVAL_LOOKS } from './words.ts';

/** The head of a request's sheet: what is asked, for how much, by whom. Holds the page's `h1`. */
export function requestHead(approval: ApprovalView): Html {
  return html`<header class="request-head">
    <div class="request-title">
      <p class="eyebrow">${humanize(approval.kind)} request${approval.revision > 1 && html` · revision ${approval.revision}`}</p>
      <h1>${suppliedOrErased(approval.title)}</h1>
      <p>${person(approval.requester)} asks for <strong>${supplied(approval.teamName)}</strong></p>
    </div>
    ${approval.amount && html`<div class="amount-box"><span class="amount-label">Amount</span>${amount(approval.amount)}</div>`}
  </header>`;
}

/** What is known of a request beside its head: state, times, and what the requester wrote and attached. */
export function requestDetails(approval: ApprovalView, now: Date): Html {
  const facts = definitionList([
    ['State', stateBadge(APPROVAL_LOOKS[approval.state])],
    ['Requested', moment(approval.createdAt, now)],
    ['Decided', approval.decidedAt && moment(approval.decidedAt, now)],
    ['Open until', approval.state === 'pending' && approval.expiresAt && deadline(approval.expiresAt, now)],
    ['Reason', optionalBlock(approval.outcomeReason)],
  ]);
  return html`${facts}${description(approval)}${context(approval)}`;
}

function description(approval: ApprovalView): Html | null {
  const block = optionalBlock(approval.description);
  return (
    block &&
    html`<section class="request-part" aria-labelledby="description"><h2 id="description">Description</h2>${block}</section>`
  );
}

function context({ context: attached }: ApprovalView): Html | null {
  if (attached === null || attached === undefined) return null;
  return html`<section class="request-part" aria-labelledby="context"><h2 id="context">Details given with the request</h2>${contextList(attached)}</section>`;
}
