import type { z } from 'zod';
import { type Answer, type Route, route } from '../platform/http/route.ts';
import { teamParams } from '../tenancy/schemas.ts';
import { peopleIn } from '../usage/service.ts';
import type { ChargeExports, ExportFile, ExportQuery } from './export/charge-exports.ts';
import { presentBill } from './present.ts';
import {
  billQuery,
  billSchema,
  chargeCsvSchema,
  chargeJsonSchema,
  organizationExportSchema,
  teamExportSchema,
} from './schemas.ts';
import type { TeamBilling } from './team-billing.ts';

const TAG = 'Billing';
const SCOPE = 'billing:read';
const EXPORT_ANSWER = {
  mediaType: 'text/csv',
  alsoAs: { 'application/json': chargeJsonSchema },
  answers: { 200: chargeCsvSchema },
};

/** Bills of teams, and charges for whoever keeps the books, over HTTP. */
export function billingRoutes({ billing, exports }: { billing: TeamBilling; exports: ChargeExports }): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/billing',
      tag: TAG,
      scope: SCOPE,
      summary: 'See what a team has spent in a month, and will have spent at its end',
      description:
        'Totals and breakdowns, what shared cost adds, budgets and alerts, a projection with intervals, and recommendations. Months are counted in the team’s time zone, from the organization’s `fiscal_year_start`.',
      params: teamParams,
      query: billQuery,
      answers: { 200: billSchema },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        const descendants = query.descendants === 'true';
        const bill = await billing.ofTeam(caller, params.team, { period: query.period ?? null, descendants });
        const subjects = peopleIn(bill.spending.members);
        return { status: 200, body: presentBill(params.team, descendants, bill), subjects };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/teams/{team}/analytics/export',
      tag: TAG,
      scope: SCOPE,
      summary: 'Export the charges of a team',
      description:
        'A row for each day, provider and model, and rows that divide what is shared. The audit log tells of it.',
      ...EXPORT_ANSWER,
      params: teamParams,
      body: teamExportSchema,
      problems: ['not-found'],
      async handle({ caller, origin, params, body }) {
        const query = { ...queryOf(body), descendants: body.descendants };
        return download(await exports.ofTeam(caller, origin, params.team, query));
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/organization/billing/export',
      tag: TAG,
      scope: SCOPE,
      summary: 'Export the charges of all teams by cost centre',
      description:
        'Takes the permission for the whole organization. All rows together are what the ledger says, to the last digit.',
      ...EXPORT_ANSWER,
      body: organizationExportSchema,
      async handle({ caller, origin, body }) {
        return download(await exports.ofOrganization(caller, origin, queryOf(body)));
      },
    }),
  ];
}

function queryOf({ format, period, from, to }: z.output<typeof organizationExportSchema>): ExportQuery {
  const range = from === undefined || to === undefined ? null : { from: new Date(from), until: new Date(to) };
  return { format, period: period ?? null, range };
}

function download({ name, content }: ExportFile): Answer {
  return { status: 200, headers: { 'Content-Disposition': `attachment; filename="${name}"` }, content };
}
