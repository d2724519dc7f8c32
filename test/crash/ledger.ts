import type { Channel, Decision, Plan } from './plan.ts';

/** A decision that its client was told is taken. */
export interface Acknowledged {
  readonly approval: string;
  readonly person: string;
  readonly decision: Decision;
  readonly channel: Channel;
}

/** What the clients know: what they have asked for, and what they were told. */
export class Ledger {
  /** By the id of the request. */
  readonly requests = new Map<string, Plan>();
  readonly acknowledged: Acknowledged[] = [];
  /** Where somebody was told that what they decided is recorded, and not yet what became of it. */
  readonly recorded: Pick<Acknowledged, 'approval' | 'person'>[] = [];
  readonly refused = new Map<string, number>();
  readonly withdrawn = new Set<string>();
  /** What went wrong with a client itself. */
  readonly failures: string[] = [];

  refuse(why: string): void {
    this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
  }
}
