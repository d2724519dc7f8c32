import { moment, notice, stateBadge } from './components.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import { requestDetails, requestHead } from './request-summary.ts';
import { decisionComment, stageList } from './stage-list.ts';
import { supplied, suppliedOrErased } from './supplied-text.ts';
import type { ApprovalView, DecisionView, PageContext } from './view-models.ts';
import { DECISION_LOOKS, DECISION_VERBS, OUTCOME_SENTENCES } from './words.ts';

/**
 * Why the outcome is shown instead of the form: `decided` just now; `late`, the decision came after the request was closed;
 * or the link was `used` before, `superseded` by a newer request or approver, `expired`, or the request is `closed`.
 */
export type OutcomeReason = 'decided' | 'late' | 'used' | 'superseded' | 'expired' | 'closed';

/** What the outcome page shows. `decision` is the one that was made through this link, where there was one. */
export interface OutcomePageView extends PageContext {
  readonly reason: OutcomeReason;
  readonly approval: ApprovalView;
  readonly decision: DecisionView | null;
  readonly now: Date;
}

const EXPLAINED: Readonly<Record<OutcomeReason, { readonly title: string; readonly text: string }>> = {
  decided: {
    title: 'Your decision is recorded',
    text: 'You can close this page. The link in the mail now shows this outcome.',
  },
  late: {
    title: 'Your decision came too late',
    text: 'The request was already closed. Your answer is recorded as late and changes nothing.',
  },
  used: {
    title: 'This link has been used',
    text: 'A link takes one decision. It now shows what was decided, and changes nothing.',
  },
  superseded: {
    title: 'This link has been replaced',
    text: 'The request was changed, or is now asked of somebody else. If you are still asked, a newer mail holds your link.',
  },
  expired: {
    title: 'This link has expired',
    text: 'The time to answer is over. It shows what became of the request, and changes nothing.',
  },
  closed: { title: 'This request is closed', text: 'It shows what was decided, and changes nothing.' },
};

/** The page of a link that takes no decision (any more): what was decided, and how the request stands now. Never holds a form that decides. */
export function outcomePage({ reason, approval, decision, now, ...page }: OutcomePageView): Html {
  const { title, text } = EXPLAINED[reason];
  const body = html`<div class="review">
  ${notice('status', title, html`<p>${text}</p>`)}
  <article class="sheet">
    ${requestHead(approval)}
    <p class="outcome">This request <strong>${OUTCOME_SENTENCES[approval.state]}</strong>${approval.decidedAt && html` on ${moment(approval.decidedAt, now)}`}.</p>
    ${decision && decided(decision, now)}
    ${requestDetails(approval, now)}
    <section class="request-part" aria-labelledby="stages"><h2 id="stages">Who decides</h2>${stageList(approval.stages, now)}</section>
  </article>
</div>`;
  return layout({ ...page, title: `${title}: ${approval.title ?? 'erased request'}`, body });
}

function decided(decision: DecisionView, now: Date): Html {
  const standsIn = decision.onBehalfOf !== null && html`, on behalf of ${supplied(decision.onBehalfOf)},`;
  return html`<section class="decided decided-${decision.decision}" aria-labelledby="decided">
      <h2 id="decided">Through this link</h2>
      <p>${suppliedOrErased(decision.name)}${standsIn} ${DECISION_VERBS[decision.decision]} this request on ${moment(decision.at, now)}. ${stateBadge(DECISION_LOOKS[decision.decision])}</p>
      ${decisionComment(decision)}
    </section>`;
}
