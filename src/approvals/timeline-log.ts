import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { TimelineRow } from './entities.ts';
import { type ApprovalEvent, timelineEntry } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** Events that somebody brought about, whose words are shown with them. */
const WITH_WORDS: ReadonlySet<ApprovalEvent['type']> = new Set(['decided', 'late_decision', 'withdrawn']);

/** Adds what happened to the timeline, in the order in which it happened. */
export function writeTimeline(
  tx: Transaction,
  stored: StoredApproval,
  events: readonly ApprovalEvent[],
  intent: string | null,
): void {
  const { origin } = tx;
  events.forEach((event, index) => {
    const entry = timelineEntry(event);
    if (!entry) return;
    tx.add(TimelineRow, {
      id: newId(tx.at),
      organization: origin.organization,
      approval: stored.row.id,
      at: event.at,
      seq: stored.row.version * 1000 + index,
      type: entry.type,
      stage: entry.stage ?? null,
      person: entry.person ?? null,
      channel: entry.channel ?? null,
      detail: entry.detail,
      intent: WITH_WORDS.has(event.type) ? intent : null,
    });
  });
}

/** Says that a request was made; nothing has happened to it yet. */
export function writeCreated(tx: Transaction, { row }: StoredApproval): void {
  tx.add(TimelineRow, {
    id: newId(tx.at),
    organization: tx.origin.organization,
    approval: row.id,
    at: tx.at,
    seq: 0,
    type: 'created',
    person: row.requester,
    channel: row.onClosed ? null : 'api',
    detail: `Requested by ${makerOf(row)}.`,
  });
}

function makerOf({ creator, requester, onClosed }: StoredApproval['row']): string {
  if (onClosed) return 'Countersign itself';
  return creator === requester ? 'the requester' : 'somebody else in the requester’s name';
}
