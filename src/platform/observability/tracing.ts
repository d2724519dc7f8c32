import { context, propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  NoopSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry';

export interface Tracing {
  /** To be given to Temporal's client and worker alike: it carries the trace into workflows and activities. */
  readonly plugin: OpenTelemetryPlugin;
  /** Sends what has not been sent, and ends tracing. */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing for this process. Without an endpoint nothing is recorded or sent, but a caller's `traceparent` is still
 * carried on (W3C Trace Context).
 * @param traceEndpoint base address of an OTLP/HTTP collector, or null
 * @param exporter where finished spans go instead
 */
export function startTracing(
  { traceEndpoint }: { readonly traceEndpoint: string | null },
  exporter: SpanExporter | null = exporterTo(traceEndpoint),
): Tracing {
  const resource = new Resource({ 'service.name': 'countersign' });
  const spanProcessor: SpanProcessor = exporter ? new BatchSpanProcessor(exporter) : new NoopSpanProcessor();
  const sampler = new ParentBasedSampler({ root: exporter ? new AlwaysOnSampler() : new AlwaysOffSampler() });
  const provider = new NodeTracerProvider({ resource, sampler, spanProcessors: [spanProcessor] });
  // Without the propagator a trace ends wherever it leaves the process.
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return {
    plugin: new OpenTelemetryPlugin({ resource, spanProcessor }),
    async shutdown() {
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

/** The collector takes traces below its base address (OTLP/HTTP, "OTLP/HTTP Request"). */
function exporterTo(endpoint: string | null): SpanExporter | null {
  return endpoint === null ? null : new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
}
