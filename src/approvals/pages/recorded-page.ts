import { notice } from '../../pages/components.ts';
import { type Html, html } from '../../pages/html.ts';
import { layout } from '../../pages/layout.ts';
import { requestDetails, requestHead } from '../../pages/request-summary.ts';
import { stageList } from '../../pages/stage-list.ts';
import type { ApprovalView, PageContext } from '../../pages/view-models.ts';

/** What is shown between the moment in which a decision is accepted and the one in which it is carried out. */
export function recordedPage({
  approval,
  now,
  ...page
}: PageContext & { readonly approval: ApprovalView; readonly now: Date }): Html {
  const title = 'Your decision is recorded';
  const body = html`<div class="review">
  ${notice('status', title, html`<p>It has not been carried out yet. That takes a moment, or longer while a part that is needed does not answer; it then happens by itself, and there is nothing more for you to do. Open this page again to see what became of it.</p>`)}
  <article class="sheet">
    ${requestHead(approval)}
    ${requestDetails(approval, now)}
    <section class="request-part" aria-labelledby="stages"><h2 id="stages">Who decides</h2>${stageList(approval.stages, now)}</section>
  </article>
</div>`;
  return layout({ ...page, title: `${title}: ${approval.title ?? 'erased request'}`, body });
}
