import { csrfField, notice } from './components.ts';
import { inputField, textField } from './form-fields.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { icon } from './icons.ts';
import { nextSteps } from './next-steps.ts';
import { supplied, suppliedOrErased } from './supplied-text.ts';
import type { ApprovalView, Decision } from './view-models.ts';

/** The longest comment, in UTF-16 code units, a line end counting as one (browsers send it as two). */
export const MAX_COMMENT_LENGTH = 4000;

/** Whose decision the form records. */
export interface DecidingAs {
  readonly name: string | null;
  /** The absent approver who is stood in for. */
  readonly onBehalfOf: string | null;
}

/** The code that confirms a decision above the organization's amount. */
export interface StepUpView {
  /** Where the code was mailed, as the visitor may see it (masked); `null` before it was asked for. */
  readonly mailedTo: string | null;
  /** What was typed before an error. */
  readonly code?: string;
}

/** The form that takes a decision, and what was typed into it before an error. */
export interface DecisionFormView {
  /** The path that the form POSTs to. */
  readonly action: string;
  /** Left out behind a mailed link, whose address is all the authority there is. */
  readonly csrfToken?: string;
  readonly decidingAs: DecidingAs;
  readonly stepUp: StepUpView | null;
  readonly comment?: string;
  readonly errors?: { readonly form?: string; readonly comment?: string; readonly code?: string };
}

const LABELS: Readonly<Record<Decision, string>> = {
  approve: 'Approve',
  reject: 'Reject',
  request_changes: 'Ask for changes',
};

/** The form under a request. A decision is made only by pressing one of its buttons: no choice is preselected, and Enter in a field chooses none. */
export function decisionForm(approval: ApprovalView, form: DecisionFormView): Html {
  const { action, csrfToken, comment = '', errors = {} } = form;
  return html`<form class="decision" id="decision" method="post" action="${action}" aria-labelledby="decision-title">
    ${NO_DEFAULT_BUTTON}
    ${csrfToken !== undefined && csrfField(csrfToken)}
    <input type="hidden" name="revision" value="${approval.revision}"/>
    <h2 id="decision-title">Your decision</h2>
    ${decidingAs(form.decidingAs)}
    ${errors.form && notice('alert', errors.form)}
    ${textField({
      name: 'comment',
      label: 'Comment (optional)',
      hint: 'Kept with your decision. Everyone who may see this request can read it.',
      error: errors.comment,
      value: comment,
      rows: 4,
      maxlength: MAX_COMMENT_LENGTH,
    })}
    ${form.stepUp && stepUp(form.stepUp, errors.code)}
    ${choices(approval)}
  </form>`;
}

// Enter in a one-line field presses a form's first submit button (HTML, "implicit submission"). Were that a decision, confirming a code
// with Enter would decide. A disabled first button makes Enter do nothing.
const NO_DEFAULT_BUTTON = html`<button type="submit" disabled="" hidden=""></button>`;

function decidingAs({ name, onBehalfOf }: DecidingAs): Html {
  const standsIn = onBehalfOf !== null && html` on behalf of <strong>${supplied(onBehalfOf)}</strong>`;
  return html`<p class="deciding-as">You are deciding as <strong>${suppliedOrErased(name)}</strong>${standsIn}.</p>`;
}

function stepUp({ mailedTo, code }: StepUpView, error: string | undefined): Html {
  const mailed =
    mailedTo !== null &&
    notice(
      'status',
      html`We mailed a code to <span class="unbroken">${supplied(mailedTo)}</span>`,
      html`<p>Enter it here, then choose. It can take a minute to arrive.</p>`,
    );
  return html`<fieldset class="step-up">
      <legend>Confirm that it is you</legend>
      ${mailed}
      <button class="button" type="submit" name="step" value="send_code" formnovalidate="">${icon('mail')}${mailedTo === null ? 'Mail me a code' : 'Mail me a new code'}</button>
      ${inputField({
        type: 'text',
        name: 'code',
        label: 'Code from the mail',
        hint:
          mailedTo === null
            ? 'For this amount a decision needs a code that is mailed to you separately. Your comment is kept.'
            : 'A new code replaces the one before.',
        error,
        value: code ?? '',
        required: true,
        autocomplete: 'one-time-code',
        maxlength: 64,
        spellcheck: 'false',
        autocapitalize: 'none',
      })}
    </fieldset>`;
}

function choices(approval: ApprovalView): Html {
  const steps = nextSteps(approval);
  const choice = (decision: Decision, image: Html): Html => html`<div class="choice choice-${decision}">
      <button class="button button-${decision}" type="submit" name="decision" value="${decision}" aria-describedby="after-${decision}">${image}${LABELS[decision]}</button>
      <p class="consequence" id="after-${decision}">${steps[decision]}</p>
    </div>`;
  return html`<div class="choices" role="group" aria-label="Decide">
      ${choice('approve', icon('check'))}
      ${choice('reject', icon('cross'))}
      ${choice('request_changes', icon('pencil'))}
    </div>`;
}
