import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { TimelineRow } from './entities.ts';
import { type ApprovalEvent, timelineEntry } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** Events that somebody brought about, whose words are shown with them. */
const WITH_WORDS: ReadonlySet<ApprovalEvent['type']> = new Set(['decided', 'late_decision', 'withdrawn']);

/** Adds what happened to the timeline, in the order in which it happened. */
export function writeTimeline(tx: Transaction, stored: StoredApproval, events: readonly ApprovalEvent[], intent: string | null): void {
  const { em, origin } = tx;
  events.forEach((event, index) => {
    const entry = timelineEntry(event);
    if (!entry) return;
    em.persist(em.create(TimelineRow, {
      id: newId(tx.at), organization: origin.organization, approval: stored.row.id, at: event.at, seq: stored.row.version * 1000 + index,
      type: entry.type, stage: entry.stage ?? null, person: entry.person ?? null, channel: entry.channel ?? null, detail: entry.detail,
      intent: WITH_WORDS.has(event.type) ? intent : null,
    }));
  });
}
