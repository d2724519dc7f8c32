import { counted } from './format.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { approvalsGiven, stageName } from './stage-list.ts';
import type { ApprovalView, Decision } from './view-models.ts';

/** Says for each decision what it would lead to now, so that nobody decides without knowing the consequence. */
export function nextSteps(approval: ApprovalView): Readonly<Record<Decision, Html>> {
  return {
    approve: afterApproval(approval),
    reject: html`The request ends at once as rejected.`,
    request_changes: html`The request goes back to the requester with your comment.`,
  };
}

function afterApproval({ stages }: ApprovalView): Html {
  const open = stages.find(({ state }) => state === 'open');
  const stillNeeded = open ? open.required - approvalsGiven(open) - 1 : 0;
  if (stillNeeded > 0) return html`This stage then needs ${counted(stillNeeded, 'more approval')}.`;
  const next = stages.find(({ state }) => state === 'waiting');
  return next ? html`Next is asked: ${stageName(next)}.` : html`The request is then approved.`;
}
