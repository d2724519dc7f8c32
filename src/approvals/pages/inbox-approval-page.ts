import { approvalPage } from '../../pages/approval-page.ts';
import type { DecisionFormView } from '../../pages/decision-form.ts';
import type { Html } from '../../pages/html.ts';
import { outcomePage } from '../../pages/outcome-page.ts';
import type { PageContext } from '../../pages/view-models.ts';
import type { Typed } from './decision-fields.ts';
import type { DecisionPage, PageMoment } from './decision-flow.ts';
import { stepUpView } from './form-parts.ts';
import type { InboxVisit } from './inbox-visits.ts';
import { nameOf, presentForPage, timelineViews } from './present-page.ts';
import { recordedPage } from './recorded-page.ts';

/** @param csrfToken makes the token of a form, a new one for each */
export function inboxApprovalPage(visit: InboxVisit, context: PageContext, csrfToken: () => string): DecisionPage {
  const {
    view,
    signedIn: { person, session },
    seat,
    isRecorded,
    code,
  } = visit;
  const id = view.stored.row.id;
  return {
    approval: id,
    person,
    door: session,
    path: `/inbox/approvals/${id}`,
    state: isRecorded ? 'recorded' : seat ? 'open' : 'over',
    takesLate: false,
    decided: view.stored.decisions.find((decision) => decision.person === person)?.decision ?? null,
    needsCode: code !== null,
    render: (moment) => render(visit, context, csrfToken, moment),
  };
}

/** The form while the request waits for this person; otherwise all that they may see of it. */
function render(
  visit: InboxVisit,
  context: PageContext,
  csrfToken: () => string,
  { justDecided = false, typed, errors }: PageMoment,
): Html {
  const page = { ...context, approval: presentForPage(visit.view), now: visit.at };
  if (visit.isRecorded) return recordedPage(page);
  const timeline = timelineViews(visit.timeline);
  if (visit.seat)
    return approvalPage({
      ...page,
      timeline,
      form: { ...formOf(visit, csrfToken(), typed), ...(errors ? { errors } : {}) },
    });
  if (justDecided) return outcomePage({ ...page, reason: 'decided', decision: null });
  return approvalPage({ ...page, timeline, form: null });
}

function formOf(
  { signedIn, view, seat, code }: InboxVisit,
  csrfToken: string,
  typed: Typed | undefined,
): DecisionFormView {
  const profile = view.profiles.of(signedIn.person);
  const absent = seat?.candidate.onBehalfOf ?? null;
  return {
    action: `/inbox/approvals/${view.stored.row.id}`,
    csrfToken,
    decidingAs: { name: nameOf(profile), onBehalfOf: absent && view.profiles.nameOf(absent) },
    stepUp: stepUpView(code, profile, typed),
    comment: typed?.comment ?? '',
  };
}
