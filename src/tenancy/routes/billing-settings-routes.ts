import type { z } from 'zod';
import { etagOf } from '../../platform/http/etag.ts';
import { type Route, route } from '../../platform/http/route.ts';
import type {
  BillingSettingsChange,
  BillingSettingsService,
  BillingSettingsView,
} from '../billing-settings-service.ts';
import { presentAlertSettings } from '../rules/alert-settings.ts';
import { billingSettingsChangeSchema, billingSettingsSchema, teamParams } from '../schemas.ts';

/** The billing settings of teams over HTTP. */
export function billingSettingsRoutes(settings: BillingSettingsService): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/billing/settings',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'Read the billing settings that hold for a team',
      etag: 'guard',
      params: teamParams,
      answers: { 200: billingSettingsSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        const view = await settings.read(caller, params.team);
        return { status: 200, body: presentBilling(view), headers: { ETag: etagOf(view.version) } };
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/teams/{team}/billing/settings',
      tag: 'Billing',
      scope: 'billing:write',
      summary: 'Change a team’s billing settings',
      etag: 'write',
      params: teamParams,
      body: billingSettingsChangeSchema,
      answers: { 200: billingSettingsSchema },
      problems: ['not-found'],
      async handle({ caller, origin, params, body, ifMatch }) {
        const view = await settings.change(caller, origin, params.team, billingChange(body), ifMatch);
        return { status: 200, body: presentBilling(view), headers: { ETag: etagOf(view.version) } };
      },
    }),
  ];
}

function billingChange(body: z.output<typeof billingSettingsChangeSchema>): BillingSettingsChange {
  const { approval_hierarchy: hierarchy, monthly_budget: monthly, ...rest } = body;
  const entries = hierarchy && hierarchy.map(({ role, threshold }) => ({ role, threshold: decimalText(threshold) }));
  return { ...rest, approval_hierarchy: entries, monthly_budget: monthly == null ? monthly : decimalText(monthly) };
}

function presentBilling({
  own,
  effective,
  monthlyBudget,
  recipients,
}: BillingSettingsView): z.input<typeof billingSettingsSchema> {
  return {
    approval_hierarchy:
      effective?.entries.map((entry) => ({ role: entry.role, threshold: Number(entry.threshold) })) ?? null,
    approval_hierarchy_mode: effective?.mode ?? 'cumulative',
    inherited: {
      approval_hierarchy: own.approval_hierarchy === undefined,
      approval_hierarchy_mode: own.approval_hierarchy === undefined || own.approval_hierarchy_mode === undefined,
    },
    monthly_budget: monthlyBudget === null ? null : Number(monthlyBudget),
    budget_alerts: presentAlertSettings(own.budget_alerts),
    cost_allocation: { method: 'usage_based', ...own.cost_allocation },
    reporting: {
      frequency: own.reporting?.frequency ?? null,
      ...(recipients === null ? {} : { recipients: [...recipients] }),
      include_member_breakdown: own.reporting?.include_member_breakdown ?? false,
    },
    cost_center: own.cost_center ?? null,
    charge_back_method: own.charge_back_method ?? 'usage_based',
    charge_back_shares: { ...own.charge_back_shares },
  };
}

/** A threshold given as a JSON number has at most six decimals, so writing it out is exact. */
function decimalText(threshold: number | string): string {
  return typeof threshold === 'string' ? threshold : threshold.toFixed(6).replace(/\.?0+$/, '');
}
