import { z } from 'zod';
import { type Answer, type Route, route } from '../../platform/http/route.ts';
import { timestampOut } from '../../platform/http/schemas.ts';
import { teamParams } from '../../tenancy/schemas.ts';
import { alertSchema } from '../schemas.ts';
import type { AcknowledgedAlert, AlertService } from './alert-service.ts';

const acknowledgementSchema = z
  .strictObject({ action: z.literal('acknowledge_alert'), alert_id: z.string().max(64) })
  .meta({ id: 'BillingAction' });

const acknowledgedSchema = alertSchema.extend({ acknowledged_at: timestampOut }).meta({ id: 'AcknowledgedAlert' });

const currentAlertsSchema = z.object({ current_alerts: z.array(alertSchema) }).meta({ id: 'CurrentAlerts' });

const TAG = 'Billing';
const ACKNOWLEDGED_TWICE = 'It leaves `current_alerts`. Acknowledged a second time, nothing changes.';

/** Alerts and what can be done about them, over HTTP. Those of a team are shown in its bill. */
export function alertRoutes(alerts: AlertService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/teams/{team}/billing',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Acknowledge an alert of a team’s budget',
      description: ACKNOWLEDGED_TWICE,
      params: teamParams,
      body: acknowledgementSchema,
      answers: { 200: acknowledgedSchema },
      problems: ['not-found'],
      handle: async ({ caller, origin, params, body }) =>
        answer(await alerts.acknowledge(caller, origin, params.team, body.alert_id)),
    }),
    route({
      method: 'get',
      path: '/api/v1/organization/alerts',
      tag: TAG,
      scope: 'billing:read',
      summary: 'List the alerts of the organization’s budgets',
      description: 'Those that nobody has acknowledged, newest first; at most 100.',
      answers: { 200: currentAlertsSchema },
      handle: async ({ caller }) => ({ status: 200, body: { current_alerts: await alerts.ofOrganization(caller) } }),
    }),
    route({
      method: 'post',
      path: '/api/v1/organization/billing',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Acknowledge an alert of an organization’s budget',
      description: ACKNOWLEDGED_TWICE,
      body: acknowledgementSchema,
      answers: { 200: acknowledgedSchema },
      problems: ['not-found'],
      handle: async ({ caller, origin, body }) => answer(await alerts.acknowledge(caller, origin, null, body.alert_id)),
    }),
  ];
}

function answer({ alert, acknowledgedAt }: AcknowledgedAlert): Answer {
  return { status: 200, body: { ...alert, acknowledged_at: acknowledgedAt.toISOString() } };
}
