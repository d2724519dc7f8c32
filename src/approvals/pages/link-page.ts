import { approvalPage } from '../../pages/approval-page.ts';
import type { DecisionFormView } from '../../pages/decision-form.ts';
import type { Html } from '../../pages/html.ts';
import { outcomePage } from '../../pages/outcome-page.ts';
import type { LinkVisit } from '../link-service.ts';
import { openSeat } from '../link-standing.ts';
import type { FieldErrors, Typed } from './decision-fields.ts';
import { maskAddress } from './form-errors.ts';
import { decisionView, presentForPage } from './present-page.ts';
import { recordedPage } from './recorded-page.ts';

/** What happened just before the page is shown. */
export interface LinkPageMoment {
  /** The decision was made with the request before this one. */
  readonly justDecided?: boolean;
  readonly typed?: Typed;
  readonly errors?: FieldErrors;
}

/** The page behind a mailed link: the form while it takes a decision, afterwards what became of the request. */
export function linkPage(visit: LinkVisit, action: string, { justDecided = false, typed, errors }: LinkPageMoment = {}): Html {
  const page = { organization: visit.organization.name, approval: presentForPage(visit.view), now: visit.at };
  const { standing, decision } = visit;
  if (standing === 'open') return approvalPage({ ...page, form: { ...formOf(visit, action, typed), ...(errors ? { errors } : {}) } });
  if (standing === 'paused') return approvalPage({ ...page, form: null });
  if (standing === 'recorded') return recordedPage(page);
  const shown = decision && decisionView(decision.row, visit.profiles, decision.comment);
  return outcomePage({ ...page, reason: standing === 'used' && justDecided ? 'decided' : standing, decision: shown });
}

function formOf({ link, view, profiles, code }: LinkVisit, action: string, typed: Typed | undefined): DecisionFormView {
  const absent = openSeat(view.stored.approval, link.person)?.candidate.onBehalfOf ?? null;
  const { name, alias, email } = profiles.of(link.person);
  return {
    action,
    // The form needs no token of its own: the address it is sent to is one, and another site does not know it.
    csrfToken: '',
    decidingAs: { name: name ?? alias ?? email, onBehalfOf: absent && view.profiles.nameOf(absent) },
    stepUp: code && { mailedTo: code.mailed && email !== null ? maskAddress(email) : null, code: typed?.code ?? '' },
    comment: typed?.comment ?? '',
  };
}
