import type { z } from 'zod';
import { etagOf, namesVersion } from '../platform/http/etag.ts';
import { type Answer, type Route, route } from '../platform/http/route.ts';
import { pageOf } from '../platform/http/schemas.ts';
import type { Caller } from '../platform/http/caller.ts';
import type { ProblemCode } from '../platform/errors.ts';
import { namedBy } from './named.ts';
import { presentApproval } from './present.ts';
import {
  approvalListQuery,
  approvalParams,
  approvalReadQuery,
  approvalSchema,
  decisionRequestSchema,
  newApprovalSchema,
  previewSchema,
  reassignSchema,
  remindSchema,
  resubmissionSchema,
  timelineSchema,
  withdrawSchema,
} from './schemas.ts';
import type { ApprovalService } from './service.ts';
import type { ApprovalView } from './view.ts';

const TAG = 'Approvals';
const OF_SERVICE = 'In a request that Countersign makes itself, a service key may not.';
const CHANGING: readonly ProblemCode[] = ['not-found', 'approval-closed'];

/** Approvals over HTTP. */
export function approvalRoutes(approvals: ApprovalService): Route[] {
  return [
    ...askingRoutes(approvals),
    ...readingRoutes(approvals),
    ...decidingRoutes(approvals),
    ...changingRoutes(approvals),
  ];
}

function askingRoutes(approvals: ApprovalService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/approvals',
      tag: TAG,
      scope: 'approvals:write',
      summary: 'Ask for an approval',
      description:
        '201 means that decisions are accepted from now on. What could never be met is refused; nothing is approved by silence.',
      body: newApprovalSchema,
      answers: { 201: approvalSchema },
      problems: ['not-found'],
      async handle({ caller, origin, body, operation }) {
        return answer(201, await approvals.create(caller, origin, operation.id, body, operation.repeated));
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/approvals/preview',
      tag: TAG,
      scope: 'approvals:write',
      summary: 'See who would be asked, why, and what could never be met',
      description: 'Takes the same body as the request itself, runs the same code, and changes nothing.',
      body: newApprovalSchema,
      answers: { 200: previewSchema },
      problems: ['not-found'],
      async handle({ caller, origin, body }) {
        return { status: 200, ...(await approvals.preview(caller, origin, body)) };
      },
    }),
  ];
}

function readingRoutes(approvals: ApprovalService): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/approvals',
      tag: TAG,
      scope: 'approvals:read',
      summary: 'List approvals, newest first',
      query: approvalListQuery,
      answers: { 200: pageOf(approvalSchema) },
      problems: ['not-found'],
      async handle({ caller, origin, query }) {
        const page = await approvals.queries.list(caller, query);
        await approvals.noteShown(caller, origin, page.items);
        return { status: 200, body: { ...page, items: page.items.map(presentApproval) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/approvals/{id}',
      tag: TAG,
      scope: 'approvals:read',
      summary: 'Read an approval, or wait until it changes',
      etag: 'wait',
      params: approvalParams,
      query: approvalReadQuery,
      answers: { 200: approvalSchema, 304: null },
      problems: ['not-found'],
      async handle({ caller, origin, params, query, ifNoneMatch, signal }) {
        const view = await approvals.read(caller, params.id, { wait: query.wait ?? null, ifNoneMatch, signal });
        const { version } = view.stored.row;
        const known = ifNoneMatch !== null && namesVersion(ifNoneMatch, version);
        if (known) return { status: 304, headers: { ETag: etagOf(version) } };
        await approvals.noteShown(caller, origin, [view]);
        return answer(200, view);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/approvals/{id}/timeline',
      tag: TAG,
      scope: 'approvals:read',
      summary: 'Read what happened, in order',
      params: approvalParams,
      answers: { 200: timelineSchema },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        return { status: 200, body: await approvals.timeline(caller, origin, params.id) };
      },
    }),
  ];
}

function decidingRoutes(approvals: ApprovalService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/approvals/{id}/decisions',
      tag: TAG,
      scope: 'approvals:decide',
      summary: 'Decide (with a person’s key)',
      description: 'Answers with the approval as it now is. The same decision by the same person again counts once.',
      params: approvalParams,
      body: decisionRequestSchema,
      answers: { 200: approvalSchema },
      problems: [...CHANGING, 'not-an-approver', 'separation-of-duties', 'already-decided', 'stale-revision'],
      async handle({ caller, origin, params, body, operation }) {
        const decision = { decision: body.decision, comment: body.comment ?? null, revision: body.revision ?? null };
        return answer(200, await approvals.decide(caller, origin, params.id, decision, operation.id));
      },
    }),
  ];
}

function changingRoutes(approvals: ApprovalService): Route[] {
  const { commands } = approvals;
  // Whoever may do it sees what came of it, even where it ends their part in the request, as handing a seat over does.
  const afterwards = async (caller: Caller, id: string): Promise<Answer> =>
    answer(200, await approvals.queries.view(caller.organization, id));
  return [
    route({
      method: 'post',
      path: '/api/v1/approvals/{id}/withdraw',
      tag: TAG,
      scope: 'approvals:write',
      summary: 'Withdraw a request',
      description: `The requester, whoever made it, and admins of its team may. ${OF_SERVICE}`,
      params: approvalParams,
      body: withdrawSchema,
      bodyOptional: true,
      answers: { 200: approvalSchema },
      problems: CHANGING,
      async handle({ caller, origin, params, body, operation }) {
        await commands.withdraw(caller, origin, params.id, operation.id, body.reason ?? null);
        return afterwards(caller, params.id);
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/approvals/{id}/resubmit',
      tag: TAG,
      scope: 'approvals:write',
      summary: 'Change a request',
      description:
        'A change of `amount`, `context` or `chain` starts a new revision and asks everybody again; other changes keep what was decided. In a request that Countersign makes itself, only people may change something, and only `title` and `description`.',
      params: approvalParams,
      body: resubmissionSchema,
      bodyOptional: true,
      answers: { 200: approvalSchema },
      problems: CHANGING,
      async handle({ caller, origin, params, body, operation }) {
        await commands.resubmit(caller, origin, params.id, operation.id, body);
        return afterwards(caller, params.id);
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/approvals/{id}/reassign',
      tag: TAG,
      scope: 'approvals:write',
      summary: 'Ask somebody else instead of an approver',
      description: `The approver and admins of the request’s team may. ${OF_SERVICE}`,
      params: approvalParams,
      body: reassignSchema,
      answers: { 200: approvalSchema },
      problems: CHANGING,
      async handle({ caller, origin, params, body, operation }) {
        await commands.reassign(caller, origin, params.id, operation.id, body);
        return afterwards(caller, params.id);
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/approvals/{id}/remind',
      tag: TAG,
      scope: 'approvals:write',
      summary: 'Remind everybody who has not answered',
      description: 'By hand, once in ten minutes for each stage.',
      params: approvalParams,
      body: remindSchema,
      bodyOptional: true,
      answers: { 200: approvalSchema },
      problems: CHANGING,
      async handle({ caller, origin, params, operation }) {
        await commands.remind(caller, origin, params.id, operation.id);
        return afterwards(caller, params.id);
      },
    }),
  ];
}

function answer(status: number, view: ApprovalView): Answer {
  const body: z.input<typeof approvalSchema> = presentApproval(view);
  return { status, body, headers: { ETag: etagOf(view.stored.row.version) }, subjects: everybodyIn(view) };
}

function everybodyIn({ stored, stages }: ApprovalView): string[] {
  const asked = stages.flatMap((stage) => namedBy(stage.asked));
  const decided = stored.decisions.flatMap(({ person, onBehalfOf }) => (onBehalfOf ? [person, onBehalfOf] : [person]));
  return [...new Set([stored.row.requester, ...asked, ...decided])];
}
