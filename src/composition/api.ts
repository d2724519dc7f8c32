import { readFileSync } from 'node:fs';
import type { Express } from 'express';
import { approvalRoutes } from '../approvals/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { streamRoutes } from '../audit/streams/routes.ts';
import { StreamService } from '../audit/streams/stream-service.ts';
import { billingRoutes } from '../billing/routes.ts';
import { AddressGuard } from '../notify/webhooks/address.ts';
import { webhookRoutes } from '../notify/webhooks/routes.ts';
import { WebhookService } from '../notify/webhooks/service.ts';
import { alertRoutes } from '../budgets/enforcement/alert-routes.ts';
import { AlertService } from '../budgets/enforcement/alert-service.ts';
import { reservationRoutes } from '../budgets/reservation-routes.ts';
import { budgetRoutes } from '../budgets/routes.ts';
import { failurePage } from '../pages/routes/failure-page.ts';
import type { Mailbox } from '../platform/embedded/mailbox.ts';
import { createApp } from '../platform/http/app.ts';
import { Denials } from '../platform/http/denials.ts';
import { Gate } from '../platform/http/gate.ts';
import { Idempotency } from '../platform/http/idempotency.ts';
import { openApiDocument } from '../platform/http/openapi/document.ts';
import { RateLimit } from '../platform/http/rate-limit.ts';
import type { ReadinessCheck } from '../platform/http/readiness.ts';
import { followSettings } from '../reports/schedule-requests.ts';
import { KeyAuthenticator } from '../tenancy/authenticator.ts';
import { KeyService } from '../tenancy/key-service.ts';
import { tenancyRoutes } from '../tenancy/routes.ts';
import { BillingSettingsService } from '../tenancy/billing-settings-service.ts';
import { SettingsService } from '../tenancy/settings-service.ts';
import { TeamService } from '../tenancy/team-service.ts';
import { composeAudit } from './audit.ts';
import { composeBilling } from './billing.ts';
import { UsageAnalytics } from '../usage/analytics.ts';
import { analyticsRoutes } from '../usage/analytics-routes.ts';
import { UsageIntake } from '../usage/intake.ts';
import { rateRoutes } from '../usage/rate-routes.ts';
import { RateService } from '../usage/rate-service.ts';
import { usageRoutes } from '../usage/routes.ts';
import type { Core } from './core.ts';
import { findDenied } from './denied.ts';
import { composePages } from './pages.ts';

const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

export interface Api {
  readonly app: Express;
}

/** The API process: everything that is reached over HTTP. */
export function composeApi(
  core: Core,
  more: { checks?: readonly ReadinessCheck[]; mailbox?: Mailbox | null } = {},
): Api {
  const { config, logger, clock, metrics, master, database, work, temporal, people, approvals, usage, budgets } = core;
  const guard = new AddressGuard({ allowPrivate: config.webhookAllowPrivateAddresses });
  const followers = [followSettings, budgets.settings];
  const routes = [
    ...tenancyRoutes({
      teams: new TeamService(work, people),
      keys: new KeyService(work, people),
      settings: new SettingsService(work, followers),
      billing: new BillingSettingsService({ work, people, budgets: budgets.settings, followers }),
    }),
    ...approvalRoutes(approvals.service),
    ...auditRoutes(composeAudit(core), config.publicUrl),
    ...streamRoutes(new StreamService(work, guard)),
    ...usageRoutes(new UsageIntake({ work, booking: usage.booking, sink: usage.sink })),
    ...rateRoutes(new RateService({ work, catalogue: usage.catalogue, follower: budgets.exchangeRates })),
    ...analyticsRoutes(new UsageAnalytics({ work, people, clock })),
    ...budgetRoutes(budgets.service),
    ...reservationRoutes(budgets.reservations),
    ...alertRoutes(new AlertService(work)),
    ...billingRoutes(composeBilling(core)),
    ...webhookRoutes(new WebhookService(work, guard)),
  ];
  const document = openApiDocument(routes, { version, publicUrl: config.publicUrl });
  const checks = [
    { name: 'database', check: () => database.ping() },
    { name: 'temporal', check: () => temporal.check() },
    ...(more.checks ?? []),
  ];
  const gate = new Gate({
    authenticator: new KeyAuthenticator(database, clock),
    rateLimit: new RateLimit(config.rateLimit),
  });
  const idempotency = new Idempotency({ work, clock, master, logger, onReplay: metrics.answerReplayed });
  const denials = new Denials(work, clock, findDenied);
  const app = createApp({
    config,
    logger,
    metrics,
    document,
    checks,
    failurePage,
    api: { routes, gate, idempotency, denials },
    pages: composePages(core, { document, denials, mailbox: more.mailbox ?? null }),
  });
  return { app };
}
