import { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { timestampOut, uuidSchema } from '../../platform/http/schemas.ts';
import { teamParams } from '../../tenancy/schemas.ts';
import { alertSchema } from '../schemas.ts';
import type { AlertService } from './alert-service.ts';

const acknowledgementSchema = z
  .strictObject({ action: z.literal('acknowledge_alert'), alert_id: uuidSchema })
  .meta({ id: 'BillingAction' });

const acknowledgedSchema = alertSchema.extend({ acknowledged_at: timestampOut }).meta({ id: 'AcknowledgedAlert' });

/** What can be done about the alerts of a team, over HTTP. */
export function alertRoutes(alerts: AlertService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/teams/{team}/billing',
      tag: 'Billing',
      scope: 'billing:write',
      summary: 'Acknowledge an alert of a team’s budget',
      description: 'It leaves `current_alerts`. Acknowledged a second time, nothing changes.',
      params: teamParams,
      body: acknowledgementSchema,
      answers: { 200: acknowledgedSchema },
      problems: ['not-found'],
      async handle({ caller, origin, params, body }) {
        const { alert, acknowledgedAt } = await alerts.acknowledge(caller, origin, params.team, body.alert_id);
        return { status: 200, body: { ...alert, acknowledged_at: acknowledgedAt.toISOString() } };
      },
    }),
  ];
}
