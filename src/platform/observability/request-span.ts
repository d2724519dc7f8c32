import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { routePattern } from '../http/request-log.ts';

/**
 * A span for each request, below the caller's `traceparent` where there is one; what the request does happens inside it.
 * Names and attributes as OpenTelemetry's conventions for HTTP servers say, less the address: it may hold a secret.
 */
export const traceRequests: RequestHandler = (request, response, next) => {
  const outside = propagation.extract(context.active(), request.headers);
  const span = trace
    .getTracer('countersign')
    .startSpan(
      request.method,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': request.method } },
      outside,
    );
  response.once('close', () => {
    const route = routePattern(request);
    span.updateName(`${request.method} ${route}`);
    span.setAttributes({ 'http.route': route, 'http.response.status_code': response.statusCode });
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(outside, span), next);
};
