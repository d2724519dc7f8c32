import { deadline, moment, person, quorum, stateBadge } from './components.ts';
import { counted } from './format.ts';
import { attributes, html } from './html.ts';
import type { Html } from './html.ts';
import { icon } from './icons.ts';
import { optionalBlock, supplied, suppliedOrErased } from './supplied-text.ts';
import type { DecisionView, StageView } from './view-models.ts';
import { DECISION_LOOKS, STAGE_LOOKS } from './words.ts';

/** Beyond these, missing signatures are counted in words instead of drawn. */
const MAX_BLANK_LINES = 4;

/** The chain of a request in its order. Each stage shows as many signature lines as it needs approvals. */
export function stageList(stages: readonly StageView[], now: Date): Html {
  if (stages.length === 0) return html`<p class="muted">Nobody had to be asked.</p>`;
  return html`<ol class="stages" role="list">${stages.map((stage, position) => stageItem(stage, position + 1, now))}</ol>`;
}

/** A stage's name, or its place in the chain where it has none. */
export function stageName(stage: StageView): Html {
  return stage.name === null || stage.name === '' ? html`Stage ${stage.index + 1}` : supplied(stage.name);
}

/** How many of a stage's required approvals are there. */
export function approvalsGiven(stage: StageView): number {
  return stage.decisions.filter(({ decision }) => decision === 'approve').length;
}

function stageItem(stage: StageView, number: number, now: Date): Html {
  const isOpen = stage.state === 'open';
  return html`<li class="stage stage-${stage.state}"${attributes({ 'aria-current': isOpen ? 'step' : null })}>
    <div class="stage-head">
      <span class="stage-number" aria-hidden="true">${number}</span>
      <h3>${stageName(stage)}</h3>
      ${stateBadge(STAGE_LOOKS[stage.state])}
    </div>
    ${stage.state !== 'skipped' && stageProgress(stage, now)}
    ${signatures(stage, now)}
    ${stage.state !== 'skipped' && asked(stage)}
  </li>`;
}

function stageProgress(stage: StageView, now: Date): Html {
  const awaited = stage.state === 'open' && stage.deadlineAt !== null;
  return html`<p class="stage-progress">${quorum(approvalsGiven(stage), stage.required)}${
    awaited && stage.deadlineAt && html`<span>answer until ${deadline(stage.deadlineAt, now)}</span>`
  }${stage.escalated && html`<span class="escalated">${icon('arrowUp')}escalated: not decided in time</span>`}</p>`;
}

function signatures(stage: StageView, now: Date): Html | null {
  const awaited = stage.state === 'open' || stage.state === 'waiting';
  const missing = awaited ? Math.max(0, stage.required - approvalsGiven(stage)) : 0;
  if (stage.decisions.length + missing === 0) return null;
  const blanks = Array.from({ length: Math.min(missing, MAX_BLANK_LINES) }, () => BLANK_LINE);
  const more =
    missing > MAX_BLANK_LINES &&
    html`<li class="left-out">and ${counted(missing - MAX_BLANK_LINES, 'more signature')}</li>`;
  return html`<ul class="signatures" role="list" aria-label="Decisions">${stage.decisions.map((decision) => signature(decision, now))}${blanks}${more}</ul>`;
}

const BLANK_LINE = html`<li class="signature signature-blank"><span class="signature-name">not signed yet</span></li>`;

function signature(decision: DecisionView, now: Date): Html {
  return html`<li class="signature signature-${decision.decision}">
    ${decisionLine(decision)}
    <span class="signature-when">${moment(decision.at, now)} · by ${supplied(decision.channel)}</span>
    ${decisionComment(decision)}
  </li>`;
}

/** Who decided and how, as a signature: the name, for whom, and the verdict. */
function decisionLine(decision: DecisionView): Html {
  const onBehalf =
    decision.onBehalfOf !== null &&
    html`<span class="signature-for">on behalf of ${supplied(decision.onBehalfOf)}</span>`;
  return html`<span class="signature-name">${suppliedOrErased(decision.name)}</span>${onBehalf}${stateBadge(DECISION_LOOKS[decision.decision])}`;
}

/** What was written with a decision, or nothing. */
export function decisionComment({ comment }: DecisionView): Html | null {
  const block = optionalBlock(comment);
  return block && html`<blockquote class="comment">${block}</blockquote>`;
}

function asked({ state, approvers }: StageView): Html | null {
  if (approvers.length === 0) return null;
  const people = approvers.map(
    (approver) =>
      html`<li>${person(approver)}${approver.reason && html` <span class="reason">${supplied(approver.reason)}</span>`}</li>`,
  );
  return html`<div class="asked"><p class="asked-title">${ASKED[state]}</p><ul>${people}</ul></div>`;
}

/** Who answers for a waiting stage is found again when it opens, so the page does not promise it. */
const ASKED: Readonly<Record<StageView['state'], string>> = {
  waiting: 'Would be asked now',
  open: 'Asked',
  approved: 'Was asked',
  rejected: 'Was asked',
  skipped: 'Would have been asked',
  expired: 'Was asked',
};
