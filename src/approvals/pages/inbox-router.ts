import { type Request, type Response, Router } from 'express';
import { inboxPage } from '../../pages/inbox-page.ts';
import { sendPage } from '../../pages/routes/send-page.ts';
import type { Clock } from '../../platform/clock.ts';
import { NotFound } from '../../platform/errors.ts';
import { readForm } from '../../platform/http/body.ts';
import type { Denials } from '../../platform/http/denials.ts';
import { provenanceOf } from '../../platform/http/provenance.ts';
import { routePattern } from '../../platform/http/request-log.ts';
import { isUuid, newId } from '../../platform/ids.ts';
import type { Origin } from '../../platform/unit-of-work.ts';
import type { SignedIn, Visitors } from '../../tenancy/service.ts';
import type { ApprovalQueries } from '../queries.ts';
import type { DecisionDoor, DecisionFlow, DecisionPage } from './decision-flow.ts';
import { inboxApprovalPage } from './inbox-approval-page.ts';
import { type InboxVisits, lockSeat } from './inbox-visits.ts';
import { inboxItem } from './present-page.ts';

export interface InboxRouterParts {
  readonly visitors: Visitors;
  readonly queries: ApprovalQueries;
  readonly visits: InboxVisits;
  readonly flow: DecisionFlow;
  readonly denials: Denials;
  readonly clock: Clock;
}

const ITEMS_PER_PAGE = 50;

/** `/inbox`: what waits for whoever is signed in, and the requests behind it. */
export function inboxRouter({ visitors, queries, visits, flow, denials, clock }: InboxRouterParts): Router {
  const router = Router({ caseSensitive: true });
  const whoIsSignedIn = onlySignedIn(visitors, denials);

  router.get(
    '/inbox',
    whoIsSignedIn(async ({ signedIn, request, response }) => {
      const { cursor } = request.query;
      const { items, next_cursor } = await queries.inbox(signedIn.caller.organization, signedIn.person, {
        limit: ITEMS_PER_PAGE,
        ...(typeof cursor === 'string' ? { cursor } : {}),
      });
      const shown = items.flatMap((view) => inboxItem(view, signedIn.person) ?? []);
      const next = next_cursor && `/inbox?cursor=${encodeURIComponent(next_cursor)}`;
      sendPage(response, 200, inboxPage({ ...visitors.pageContext(signedIn), items: shown, next, now: clock.now() }));
    }),
  );

  router.get(
    '/inbox/approvals/:id',
    whoIsSignedIn(async (visit) => {
      const { request, response } = visit;
      const page = await look(visit, approvalId(request));
      sendPage(response, 200, page.render({ justDecided: 'decided' in request.query }));
    }),
  );

  router.post(
    '/inbox/approvals/:id',
    whoIsSignedIn(async (visit) => {
      const { signedIn, request, response } = visit;
      const id = approvalId(request);
      const fields = await readForm(request);
      const [form = '', token = ''] = (fields['csrf'] ?? '').split('.');
      visitors.checkForm(request, signedIn, purposeOf(id, form), token);
      await flow.answer(
        response,
        fields,
        doorOf(visit, id, form, () => look(visit, id)),
      );
    }),
  );

  /** Each form that is shown has an id of its own, under which its decision is recorded: sent twice, it counts once. */
  async function look({ signedIn, origin }: Visit, id: string): Promise<DecisionPage> {
    const csrfToken = (form: string) => `${form}.${visitors.formToken(signedIn, purposeOf(id, form))}`;
    return inboxApprovalPage(await visits.visit(signedIn, origin, id), visitors.pageContext(signedIn), () =>
      csrfToken(newId(clock.now())),
    );
  }

  return router;
}

function doorOf(
  { signedIn: { person }, origin, route }: Visit,
  approval: string,
  form: string,
  look: DecisionDoor['look'],
): DecisionDoor {
  return {
    origin,
    route,
    look,
    // Our form always says which revision was seen. One that does not has seen none, and is refused as outdated.
    recording: ({ revision }) => ({
      channel: 'page',
      intent: form,
      revision: revision ?? 0,
      alsoRecord: (tx) => lockSeat(tx, { approval, person }, form),
    }),
  };
}

/** A request of somebody who is signed in. */
interface Visit {
  readonly signedIn: SignedIn;
  readonly origin: Origin;
  /** Method and pattern of the address, for the audit log. */
  readonly route: string;
  readonly request: Request;
  readonly response: Response;
}

/** Sends whoever is not signed in to where one signs in; what is refused to somebody who is goes on record. */
function onlySignedIn(visitors: Visitors, denials: Denials) {
  return (handle: (visit: Visit) => Promise<void>) =>
    async (request: Request, response: Response): Promise<void> => {
      const signedIn = await visitors.find(request);
      if (!signedIn) return response.redirect(303, '/sign-in');
      const { organization, actor } = signedIn.caller;
      const origin = { organization, actor, ...provenanceOf(request, response) };
      const route = `${request.method} ${routePattern(request)}`;
      await denials.watch(origin, { route, params: { id: oneOf(request.params['id']) } }, () =>
        handle({ signedIn, origin, route, request, response }),
      );
    };
}

function oneOf(parameter: string | string[] | undefined): string | undefined {
  return typeof parameter === 'string' ? parameter : undefined;
}

function purposeOf(approval: string, form: string): string {
  return `decide/${approval}/${form}`;
}

/** @throws NotFound for what is no id at all */
function approvalId(request: Request): string {
  const { id } = request.params;
  if (typeof id !== 'string' || !isUuid(id)) throw new NotFound('approval');
  return id.toLowerCase();
}
