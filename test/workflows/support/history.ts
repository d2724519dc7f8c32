import proto, { type temporal } from '@temporalio/proto';
import type { Core } from '../../../src/composition.ts';
import { approvalWorkflowId } from '../../../workflows/contracts/approvals.ts';

const { EventType } = proto.temporal.api.enums.v1;

/** The history of the workflow that carries an approval: of its latest run, or of the one that is given. */
export async function historyOf(core: Core, approval: string, run?: string): Promise<temporal.api.history.v1.IHistory> {
  return core.temporal.client.workflow.getHandle(approvalWorkflowId(approval), run).fetchHistory();
}

/** The types of its events, in order, without their prefix: `TIMER_FIRED`. */
export async function eventTypes(core: Core, approval: string): Promise<string[]> {
  const { events } = await historyOf(core, approval);
  return (events ?? []).map((event) => (EventType[event.eventType ?? 0] ?? '').replace('EVENT_TYPE_', ''));
}

export interface FoundPayload {
  /** Where it stands, such as `events.0.workflowExecutionStartedEventAttributes.input.payloads.0`. */
  readonly path: string;
  readonly payload: temporal.api.common.v1.IPayload;
}

/** Every payload in a history, wherever it stands. */
export function payloadsIn(history: temporal.api.history.v1.IHistory): FoundPayload[] {
  return findPayloads(history, []);
}

function findPayloads(value: unknown, path: readonly string[]): FoundPayload[] {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return [];
  if (isPayload(value)) return [{ path: path.join('.'), payload: value }];
  return Object.entries(value).flatMap(([name, member]) => findPayloads(member, [...path, name]));
}

function isPayload(value: object): value is temporal.api.common.v1.IPayload {
  return 'metadata' in value && 'data' in value && ArrayBuffer.isView(value.data);
}

/** How a payload is encoded, as it says itself. */
export function encodingOf(payload: temporal.api.common.v1.IPayload): string {
  return Buffer.from(payload.metadata?.['encoding'] ?? []).toString();
}
