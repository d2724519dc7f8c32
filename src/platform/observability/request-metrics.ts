import type { RequestHandler } from 'express';
import { Histogram, type Registry } from 'prom-client';
import { routePattern } from '../http/request-log.ts';

export type RequestHistogram = Histogram<'method' | 'route' | 'status'>;

/** Seconds; fine where decisions are answered, coarse where a request may wait (`?wait=`) for half a minute. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35];

export function requestHistogram(registry: Registry): RequestHistogram {
  return new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
}

/** Measures every request under the pattern of its route: addresses would be too many, and some are secrets. */
export function measureRequests(histogram: RequestHistogram): RequestHandler {
  return (request, response, next) => {
    const stop = histogram.startTimer({ method: request.method });
    response.once('close', () => stop({ route: routePattern(request), status: response.statusCode }));
    next();
  };
}
