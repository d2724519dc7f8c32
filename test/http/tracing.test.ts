import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Route } from '../../src/platform/http/route.ts';
import { uuidSchema } from '../../src/platform/http/schemas.ts';
import { startTracing, type Tracing } from '../../src/platform/observability/tracing.ts';
import { Installation } from './support/installation.ts';
import { TestServer } from './support/server.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE}-${PARENT}-01`;
const ID = '01a20000-0000-7000-8000-000000000001';

/** What a call that left the process from inside this route would carry along. */
const carried: Record<string, string>[] = [];
const routes = (): Route[] => [
  {
    method: 'get',
    path: '/api/v1/traced/{id}',
    tag: 'Traced',
    scope: null,
    summary: 'Call something',
    params: z.object({ id: uuidSchema }),
    answers: { 204: null },
    async handle() {
      await new Promise((resolve) => setImmediate(resolve));
      const headers: Record<string, string> = {};
      propagation.inject(context.active(), headers);
      carried.push(headers);
      return { status: 204 };
    },
  },
];

describe('a trace', () => {
  let installation: Installation;
  let server: TestServer;
  let tracing: Tracing | null = null;

  beforeAll(async () => {
    installation = await Installation.create();
    server = await TestServer.start(installation, { routes });
  });
  afterEach(async () => {
    await tracing?.shutdown();
    tracing = null;
    carried.length = 0;
  });
  afterAll(async () => {
    await server.close();
    await installation.close();
  });

  /** Asks once, and gives the spans that came of it. */
  async function spansOf(
    method: string,
    path: string,
    headers: Record<string, string>,
    raw?: string,
  ): Promise<ReadableSpan[]> {
    const exporter = new KeepingExporter();
    tracing = startTracing({ traceEndpoint: null }, exporter);
    const { headers: answered } = await server.ask(method, path, { headers, raw });
    await server.logged((line) => line['requestId'] === answered.get('x-request-id') && line['msg'] === 'request');
    await tracing.shutdown();
    return exporter.kept;
  }

  test('goes on from the caller’s, with one span for the request, named by method and pattern', async () => {
    const [span, ...others] = await spansOf('GET', `/api/v1/traced/${ID}`, { traceparent: SAMPLED });
    expect(others).toEqual([]);
    expect(span?.name).toBe('GET /api/v1/traced/{id}');
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span?.parentSpanId).toBe(PARENT);
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/api/v1/traced/{id}',
      'http.response.status_code': 204,
    });
  });

  test('begins with the request where the caller has none', async () => {
    const [span] = await spansOf('GET', '/healthz', {});
    expect(span?.parentSpanId).toBeUndefined();
    expect(span?.spanContext().traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a request that failed is marked as such, and one that was refused is not', async () => {
    server.notes.hooks.instead = async () => Promise.reject(new Error('a defect'));
    const [failed] = await spansOf('POST', '/api/v1/notes', { 'content-type': 'application/json' }, '{"text":"x"}');
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
    const [refused] = await spansOf('POST', '/api/v1/notes', {});
    expect(refused?.status.code).toBe(SpanStatusCode.UNSET);
  });

  test('no address gets into it: in links it is a secret', async () => {
    const spans = await spansOf('GET', '/r/secret-token', {});
    expect(JSON.stringify(spans.map(({ name, attributes }) => [name, attributes]))).not.toContain('secret-token');
  });

  test('what a route calls is part of it, and the log names it', async () => {
    const [span] = await spansOf('GET', `/api/v1/traced/${ID}`, { traceparent: SAMPLED });
    expect(carried).toEqual([{ traceparent: `00-${TRACE}-${span?.spanContext().spanId}-01` }]);
    expect(server.log.find((line) => line['traceId'] === TRACE)).toMatchObject({
      msg: 'request',
      route: '/api/v1/traced/{id}',
    });
  });

  test('is carried on where nothing is recorded', async () => {
    tracing = startTracing({ traceEndpoint: null });
    await server.ask('GET', `/api/v1/traced/${ID}`, { headers: { traceparent: SAMPLED } });
    expect(carried).toEqual([{ traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`)) }]);
  });

  test('is sent to the collector that the configuration names', async () => {
    const received = Promise.withResolvers<string>();
    const collector = createServer((request, response) => {
      received.resolve(`${request.method} ${request.url}`);
      response.end('{}');
    });
    await new Promise<void>((resolve) => void collector.listen(0, '127.0.0.1', resolve));
    tracing = startTracing({ traceEndpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/` });
    await server.ask('GET', '/healthz');
    await tracing.shutdown();
    expect(await received.promise).toBe('POST /v1/traces');
    collector.closeAllConnections();
    collector.close();
  });

  test('that nobody samples stays unsampled', async () => {
    expect(await spansOf('GET', `/api/v1/traced/${ID}`, { traceparent: SAMPLED.replace(/01$/, '00') })).toEqual([]);
    expect(carried[0]?.['traceparent']).toMatch(/-00$/);
  });
});

/** Keeps what it was given also when it is shut down. */
class KeepingExporter extends InMemorySpanExporter {
  kept: ReadableSpan[] = [];

  override async shutdown(): Promise<void> {
    this.kept = this.getFinishedSpans();
    await super.shutdown();
  }
}
