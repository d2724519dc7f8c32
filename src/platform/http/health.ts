import express, { type Express, Router } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import { answerFailure, type FailurePage } from './failure.ts';
import { type ReadinessCheck, readiness } from './readiness.ts';
import { giveRequestId } from './request-id.ts';

export interface HealthParts {
  readonly metrics: Metrics;
  readonly checks: readonly ReadinessCheck[];
}

/** What whoever operates a process asks it: whether it lives, whether it can work, and what it has counted. */
export function healthRouter({ metrics, checks }: HealthParts): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', readiness(checks));
  router.get(
    '/metrics',
    async (_request, response) =>
      void response.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  return router;
}

/** The HTTP side of a process that has no other: a worker's. */
export function createHealthApp(
  parts: HealthParts & { readonly logger: Logger; readonly failurePage: FailurePage },
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(giveRequestId, healthRouter(parts), answerFailure(parts.logger, parts.failurePage));
  return app;
}
