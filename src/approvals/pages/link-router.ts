import { type Response, Router } from 'express';
import { ProblemError } from '../../platform/errors.ts';
import { readForm } from '../../platform/http/body.ts';
import { requestIdOf } from '../../platform/http/request-id.ts';
import type { Origin } from '../../platform/unit-of-work.ts';
import { sendPage } from '../../tenancy/sign-in/service.ts';
import type { LinkService, LinkVisit } from '../link-service.ts';
import { useLink } from '../links.ts';
import type { StepUp } from '../step-up.ts';
import { readSubmission, type Submission, type Typed } from './decision-fields.ts';
import { CODE_ERRORS } from './form-errors.ts';
import { type LinkPageMoment, linkPage } from './link-page.ts';
import type { PageDecisions, Taken } from './page-decisions.ts';

export interface LinkRouterParts {
  readonly links: LinkService;
  readonly decisions: PageDecisions;
  readonly stepUp: StepUp;
}

type Decision = Extract<Submission, { asks: 'decision' }>;

/**
 * `/r/<token>`: the page behind a mailed link. GET and HEAD change nothing, whatever the query, because mail scanners follow
 * links; a POST of `decision` and `comment` decides. The token is all the authority there is, so no cookie is looked at.
 */
export function approvalPageRouter({ links, decisions, stepUp }: LinkRouterParts): Router {
  const router = Router({ caseSensitive: true });

  router.get('/r/:token', async (request, response) => {
    const visit = await links.visit(request.params.token);
    sendPage(response, 200, linkPage(visit, pathOf(request.params.token), { justDecided: 'decided' in request.query }));
  });

  router.post('/r/:token', async (request, response) => {
    const { token } = request.params;
    const fields = await readForm(request);
    const visit = await links.visit(token);
    const submission = readSubmission(fields, visit.code !== null);
    if (takesNothing(visit)) return sendOutcome(response, token, visit, submission);
    if (submission.asks === 'correction') return sendLinkPage(response, 400, token, visit, submission);
    if (submission.asks === 'code') return sendAfterCode(response, token, await mailCode(visit, requestIdOf(response)), submission.typed);
    const taken = await decisions.take(originOf(visit, requestIdOf(response)), {
      ...submission, approval: visit.link.approval, person: visit.link.person, revision: visit.link.revision, channel: 'link',
      // A double click finds what the first one recorded: a link takes one decision.
      intent: visit.link.id,
      code: visit.code ? submission.code : null,
      alsoRecord: (tx) => useLink(tx, visit.link.id),
    });
    sendDecided(response, token, await links.visit(token), submission, taken);
  });

  /** @returns the problem, where no code could be mailed */
  async function mailCode(visit: LinkVisit, requestId: string): Promise<{ visit: LinkVisit; problem: ProblemError | null }> {
  }

  return router;
}
