import { createHash } from 'node:crypto';
import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../observability/metrics.ts';
import { measureRequests } from '../observability/request-metrics.ts';
import { traceRequests } from '../observability/request-span.ts';
import { type ApiParts, apiRouter } from './api-server.ts';
import { isUnchanged } from './etag.ts';
import { answerFailure, type FailurePage, refuseUnknownPath } from './failure.ts';
import { healthRouter } from './health.ts';
import type { ReadinessCheck } from './readiness.ts';
import { giveRequestId } from './request-id.ts';
import { logRequests } from './request-log.ts';
import { securityHeaders } from './security-headers.ts';

export interface AppParts {
  readonly config: {
    /** Origin under which the service is reached. */
    readonly publicUrl: string;
    /** Express's `trust proxy`: which proxies may name the client's address; null: none. */
    readonly trustProxy: string | null;
  };
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly api: ApiParts;
  /** The API's OpenAPI document. */
  readonly document: object;
  readonly checks: readonly ReadinessCheck[];
  /** Routers of the pages. Each is mounted at the root and declares whole paths, so that log and metrics see patterns only. */
  readonly pages: readonly Router[];
  readonly failurePage: FailurePage;
}

/** The HTTP server's one application. */
export function createApp(parts: AppParts): Express {
  const { config, logger, metrics } = parts;
  const app = express();
  app.disable('x-powered-by');
  // Tags are versions of stored things, not hashes of whatever is sent.
  app.disable('etag');
  app.set('trust proxy', proxySetting(config.trustProxy));

  app.use(
    traceRequests,
    giveRequestId,
    logRequests(logger),
    measureRequests(metrics.requests),
    securityHeaders(config.publicUrl.startsWith('https:')),
  );
  app.use(healthRouter(parts));
  app.get('/openapi.json', serveDocument(parts.document));
  app.use(apiRouter(parts.api));
  for (const router of parts.pages) app.use(router);
  app.use(refuseUnknownPath);
  app.use(answerFailure(logger, parts.failurePage));
  return app;
}

/** A number of hops, `true`, or names and networks, as the environment can write it. */
function proxySetting(trustProxy: string | null): boolean | number | string {
  if (trustProxy === null || trustProxy === 'false') return false;
  if (trustProxy === 'true') return true;
  return /^\d+$/.test(trustProxy) ? Number(trustProxy) : trustProxy;
}

/** It changes with a new version only: whoever has it asks whether it is still the same. */
function serveDocument(document: object): RequestHandler {
  const text = JSON.stringify(document);
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
  return (request, response) => {
    response.set({ ETag: etag, 'Cache-Control': 'no-cache' });
    if (isUnchanged(request, etag)) response.status(304).end();
    else response.type('application/json').send(text);
  };
}
