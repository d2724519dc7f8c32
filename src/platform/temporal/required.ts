import { Connection } from '@temporalio/client';
import type { TemporalSecurity } from './connection.ts';

/** The client tries again until then: a server that is just coming up is waited for. */
const ANSWER_WITHIN_MS = 5_000;
/** gRPC status codes. */
const NOT_FOUND = 5;
const REFUSED = new Set([7, 16]);

/** Nothing can be started without the service that has workflows. The message is one sentence for the operator. */
export class WorkflowServiceUnavailable extends Error {
  readonly code = 'workflow-service-unavailable';
}

export interface TemporalPlace {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  readonly security?: TemporalSecurity;
}

/**
 * Asks Temporal for the namespace, as a process does that is about to start and cannot do without it.
 * @throws WorkflowServiceUnavailable where it does not answer within 5 s, does not let us in, or has no such namespace
 */
export async function requireTemporal({ address, namespace, security }: TemporalPlace): Promise<void> {
  const connection = Connection.lazy({ address, ...security });
  try {
    await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (error) {
    throw new WorkflowServiceUnavailable(sentence(statusOf(error), address, namespace), { cause: error });
  } finally {
    await connection.close();
  }
}

function sentence(status: number | null, address: string, namespace: string): string {
  if (status === NOT_FOUND)
    return `Temporal at ${address} has no namespace ${namespace}. Make it: \`temporal operator namespace create -n ${namespace}\`.`;
  if (status !== null && REFUSED.has(status))
    return `Temporal at ${address} does not let us into the namespace ${namespace}. Check TEMPORAL_API_KEY and TEMPORAL_NAMESPACE.`;
  return notAnswering(address);
}

/** What is said of a Temporal that cannot be reached. */
export function notAnswering(address: string): string {
  return `Temporal does not answer at ${address}. Start it, or set TEMPORAL_ADDRESS (and TEMPORAL_TLS, TEMPORAL_API_KEY) to where it is.`;
}

function statusOf(error: unknown): number | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'number' ? code : null;
}
