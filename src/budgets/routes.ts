import type { z } from 'zod';
import type { ProblemCode } from '../platform/errors.ts';
import { etagOf } from '../platform/http/etag.ts';
import { type Answer, type Route, route } from '../platform/http/route.ts';
import { pageOf } from '../platform/http/schemas.ts';
import { teamParams } from '../tenancy/schemas.ts';
import { type BudgetChange, type BudgetService, type BudgetView, type OverrideRequest } from './budget-service.ts';
import { presentBudget } from './present.ts';
import {
  budgetChangeSchema,
  budgetListQuery,
  budgetSchema,
  organizationBudgetParams,
  overrideSchema,
  teamBudgetParams,
} from './schemas.ts';

const TAG = 'Budgets';
const NOT_FOUND: readonly ProblemCode[] = ['not-found'];

/** Budgets of teams and of the organization over HTTP. */
export function budgetRoutes(budgets: BudgetService): Route[] {
  return [...teamRoutes(budgets), ...organizationRoutes(budgets)];
}

function teamRoutes(budgets: BudgetService): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/budgets',
      tag: TAG,
      scope: 'billing:read',
      summary: 'List the budgets of a team',
      params: teamParams,
      query: budgetListQuery,
      answers: { 200: pageOf(budgetSchema) },
      problems: NOT_FOUND,
      async handle({ caller, params, query }) {
        const page = await budgets.list(caller, params.team, query);
        return { status: 200, body: { ...page, items: page.items.map(presentBudget) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/budgets/{name}',
      tag: TAG,
      scope: 'billing:read',
      summary: 'Read a budget of a team',
      etag: 'guard',
      params: teamBudgetParams,
      answers: { 200: budgetSchema },
      problems: NOT_FOUND,
      handle: async ({ caller, params }) => answer(200, await budgets.read(caller, params.team, params.name)),
    }),
    route({
      method: 'put',
      path: '/api/v1/teams/{team}/budgets/{name}',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Make or change a budget of a team',
      etag: 'write',
      description: 'Counts what the team and the teams below it spend, what was spent in this period before included.',
      params: teamBudgetParams,
      body: budgetChangeSchema,
      answers: { 200: budgetSchema, 201: budgetSchema },
      problems: NOT_FOUND,
      async handle({ caller, origin, params, body, ifMatch }) {
        const { view, made } = await budgets.put(caller, origin, params.team, params.name, changeOf(body), ifMatch);
        return answer(made ? 201 : 200, view);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/teams/{team}/budgets/{name}',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Take a budget of a team back',
      etag: 'write',
      params: teamBudgetParams,
      answers: { 204: null },
      problems: NOT_FOUND,
      async handle({ caller, origin, params, ifMatch }) {
        await budgets.remove(caller, origin, params.team, params.name, ifMatch);
        return { status: 204 };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/teams/{team}/budgets/{name}/overrides',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Raise the limit of a team’s budget for its current period',
      description: 'On the record, with its reason. Lifts a restriction or suspension.',
      params: teamBudgetParams,
      body: overrideSchema,
      answers: { 201: budgetSchema },
      problems: NOT_FOUND,
      handle: async ({ caller, origin, params, body, operation }) =>
        answer(201, await budgets.override(caller, origin, params.team, params.name, overrideOf(body), operation)),
    }),
  ];
}

function organizationRoutes(budgets: BudgetService): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/organization/budgets',
      tag: TAG,
      scope: 'billing:read',
      summary: 'List the budgets of the whole organization',
      query: budgetListQuery,
      answers: { 200: pageOf(budgetSchema) },
      async handle({ caller, query }) {
        const page = await budgets.list(caller, null, query);
        return { status: 200, body: { ...page, items: page.items.map(presentBudget) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/organization/budgets/{name}',
      tag: TAG,
      scope: 'billing:read',
      summary: 'Read a budget of the whole organization',
      etag: 'guard',
      params: organizationBudgetParams,
      answers: { 200: budgetSchema },
      problems: NOT_FOUND,
      handle: async ({ caller, params }) => answer(200, await budgets.read(caller, null, params.name)),
    }),
    route({
      method: 'put',
      path: '/api/v1/organization/budgets/{name}',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Make or change a budget of the whole organization',
      etag: 'write',
      params: organizationBudgetParams,
      body: budgetChangeSchema,
      answers: { 200: budgetSchema, 201: budgetSchema },
      async handle({ caller, origin, params, body, ifMatch }) {
        const { view, made } = await budgets.put(caller, origin, null, params.name, changeOf(body), ifMatch);
        return answer(made ? 201 : 200, view);
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/organization/budgets/{name}',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Take a budget of the whole organization back',
      etag: 'write',
      params: organizationBudgetParams,
      answers: { 204: null },
      problems: NOT_FOUND,
      async handle({ caller, origin, params, ifMatch }) {
        await budgets.remove(caller, origin, null, params.name, ifMatch);
        return { status: 204 };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/organization/budgets/{name}/overrides',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Raise the limit of an organization’s budget for its current period',
      params: organizationBudgetParams,
      body: overrideSchema,
      answers: { 201: budgetSchema },
      problems: NOT_FOUND,
      handle: async ({ caller, origin, params, body, operation }) =>
        answer(201, await budgets.override(caller, origin, null, params.name, overrideOf(body), operation)),
    }),
  ];
}

function answer(status: number, view: BudgetView): Answer {
  const person = view.budget.person ?? null;
  return {
    status,
    body: presentBudget(view),
    headers: { ETag: etagOf(view.budget.version) },
    subjects: person === null ? [] : [person],
  };
}

function changeOf(body: z.output<typeof budgetChangeSchema>): BudgetChange {
  const {
    scope,
    amount,
    period,
    timezone,
    warning_threshold: warningThreshold,
    exceeded_action: exceededAction,
  } = body;
  return {
    scope,
    amount,
    period,
    timezone: timezone ?? null,
    warningThreshold: warningThreshold ?? null,
    exceededAction: exceededAction ?? null,
  };
}

function overrideOf({ amount, until, reason }: z.output<typeof overrideSchema>): OverrideRequest {
  return { amount, until: until === undefined ? null : new Date(until), reason };
}
