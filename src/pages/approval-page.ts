import { notice } from './components.ts';
import { decisionForm } from './decision-form.ts';
import type { DecisionFormView } from './decision-form.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import { requestDetails, requestHead } from './request-summary.ts';
import { stageList } from './stage-list.ts';
import { timelineList } from './timeline-list.ts';
import type { ApprovalView, PageContext, TimelineEntryView } from './view-models.ts';
import { OUTCOME_SENTENCES } from './words.ts';

/** What the review page shows. Without a `form` the visitor may read but not decide. */
export interface ApprovalPageView extends PageContext {
  readonly approval: ApprovalView;
  readonly form: DecisionFormView | null;
  readonly timeline?: readonly TimelineEntryView[];
  readonly now: Date;
}

/** The page behind a mailed link and behind an entry of the inbox: all that a decision needs, and the form that takes it. */
export function approvalPage({ approval, form, timeline, now, ...page }: ApprovalPageView): Html {
  const hasErrors = Object.values(form?.errors ?? {}).some((error) => error !== undefined);
  const body = html`<div class="review${form ? ' review-deciding' : ''}">
  ${!form && readingOnly(approval)}
  <article class="sheet">
    ${requestHead(approval)}
    ${form && html`<p class="jump"><a class="button" href="#decision">Go to your decision</a></p>`}
    ${requestDetails(approval, now)}
    <section class="request-part" aria-labelledby="stages"><h2 id="stages">Who decides</h2>${stageList(approval.stages, now)}</section>
    ${timeline && html`<section class="request-part" aria-labelledby="timeline"><h2 id="timeline">What happened so far</h2>${timelineList(timeline, now)}</section>`}
  </article>
  ${form && html`<div class="review-side">${decisionForm(approval, form)}</div>`}
</div>`;
  return layout({
    ...page,
    title: `${hasErrors ? 'Error: ' : ''}${approval.title ?? 'Erased request'}`,
    body,
    width: form ? 'wide' : 'normal',
  });
}

function readingOnly(approval: ApprovalView): Html {
  return notice(
    'status',
    html`This request ${OUTCOME_SENTENCES[approval.state]}.`,
    html`<p>There is nothing for you to decide here.</p>`,
  );
}
