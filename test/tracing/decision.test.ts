import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { House, stage } from '../approvals/api/support/house.ts';
import { Collector, type Span } from './collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

const collector = new Collector();
let approval: string;

beforeAll(async () => {
  const endpoint = await collector.start();
  const house = await House.open(
    { 'a.person': ['member'] },
    { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } },
  );
  try {
    ({ id: approval } = await house.ask([stage(['a.person'])], { title: 'A private title' }));
    await house.api.call(
      'POST',
      `/api/v1/approvals/${approval}/decisions`,
      { decision: 'approve', comment: 'A private comment' },
      house.key('a.person'),
      { traceparent: `00-${TRACE}-${PARENT}-01` },
    );
  } finally {
    // What has not been sent is sent now.
    await house.close();
  }
});

afterAll(() => collector.stop());

function ofTrace(): Span[] {
  return collector.spans.filter((span) => span.traceId === TRACE);
}

/** The names from a span up to the request that it belongs to. */
function wayUp(span: Span): string[] {
  const parent = ofTrace().find((candidate) => candidate.spanId === span.parentSpanId);
  return [span.name, ...(parent ? wayUp(parent) : [])];
}

describe('the trace of a decision', () => {
  test('leads from the caller through HTTP and Update into the workflow and its activity', () => {
    const [request, ...others] = ofTrace().filter((span) => span.name === 'POST /api/v1/approvals/{id}/decisions');
    expect(others).toEqual([]);
    expect(request?.parentSpanId).toBe(PARENT);
    const activity = ofTrace().find((span) => span.name === 'RunActivity:applyIntent');
    expect(activity && wayUp(activity)).toEqual([
      'RunActivity:applyIntent',
      'StartActivity:applyIntent',
      'HandleUpdate:decide',
      'StartWorkflowUpdate:decide',
      'POST /api/v1/approvals/{id}/decisions',
    ]);
  });

  test('holds nothing else than what the decision led to', () => {
    expect(new Set(ofTrace().map((span) => wayUp(span).at(-1)))).toEqual(
      new Set(['POST /api/v1/approvals/{id}/decisions']),
    );
  });
});

test('a request that makes an approval leads into its workflow, in a trace of its own', () => {
  const made = collector.spans.find((span) => span.name === 'POST /api/v1/approvals');
  const names = collector.spans.filter((span) => span.traceId === made?.traceId).map((span) => span.name);
  expect(names).toEqual(
    expect.arrayContaining(['POST /api/v1/approvals', 'StartWorkflow:approvalChain', 'RunWorkflow:approvalChain']),
  );
  expect(made?.traceId).not.toBe(TRACE);
});

test('spans hold no name, no address, nothing that somebody wrote or chose as an id', () => {
  expect(collector.spans.length).toBeGreaterThan(10);
  const sent = collector.bodies.join('\n');
  expect(sent).toContain(approval);
  for (const personal of ['A private title', 'A private comment', 'a.person', 'asker', 'example.test'])
    expect({ personal, found: sent.includes(personal) }).toEqual({ personal, found: false });
});
