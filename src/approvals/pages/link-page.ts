import { approvalPage } from '../../pages/approval-page.ts';
import type { DecisionFormView } from '../../pages/decision-form.ts';
import type { Html } from '../../pages/html.ts';
import { outcomePage } from '../../pages/outcome-page.ts';
import type { LinkVisit } from '../link-service.ts';
import { hasDecided, openSeat } from '../link-standing.ts';
import type { Typed } from './decision-fields.ts';
import type { DecisionPage, PageMoment } from './decision-flow.ts';
import { stepUpView } from './form-parts.ts';
import { decisionView, nameOf, presentForPage } from './present-page.ts';
import { recordedPage } from './recorded-page.ts';

/** What stands behind a mailed link. */
export function linkPage(visit: LinkVisit, path: string): DecisionPage {
  const { link, standing, decision, view, code } = visit;
  const isOver = standing === 'closed' || standing === 'expired';
  return {
    approval: link.approval,
    person: link.person,
    door: link.id,
    path,
    state: standing === 'open' || standing === 'recorded' ? standing : 'over',
    // Without a form nobody can ask for a code: then it is not put on record who it was.
    takesLate: isOver && !link.usedAt && !link.supersededAt && code === null,
    decided: hasDecided(view.stored.approval, link.person) ? (decision?.row.decision ?? null) : null,
    needsCode: code !== null,
    render: (moment) => render(visit, path, moment),
  };
}

/** The form while the link takes a decision, afterwards what became of the request. */
function render(visit: LinkVisit, path: string, { justDecided = false, typed, errors }: PageMoment): Html {
  const page = { organization: visit.organization.name, approval: presentForPage(visit.view), now: visit.at };
  const { standing, decision } = visit;
  if (standing === 'open')
    return approvalPage({ ...page, form: { ...formOf(visit, path, typed), ...(errors ? { errors } : {}) } });
  if (standing === 'paused') return approvalPage({ ...page, form: null });
  if (standing === 'recorded') return recordedPage(page);
  const shown = decision && decisionView(decision.row, visit.profiles, decision.comment);
  return outcomePage({ ...page, reason: standing === 'used' && justDecided ? 'decided' : standing, decision: shown });
}

function formOf({ link, view, profiles, code }: LinkVisit, action: string, typed: Typed | undefined): DecisionFormView {
  const absent = openSeat(view.stored.approval, link.person)?.candidate.onBehalfOf ?? null;
  const profile = profiles.of(link.person);
  return {
    action,
    // The form needs no token of its own: the address that it is sent to is one, and no other site knows it.
    decidingAs: { name: nameOf(profile), onBehalfOf: absent && view.profiles.nameOf(absent) },
    stepUp: stepUpView(code, profile, typed),
    comment: typed?.comment ?? '',
  };
}
