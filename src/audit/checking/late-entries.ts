/** Entries that stand in the log after others which were made more than an hour later than they say. */
export interface LateEntries {
  readonly entries: number;
  /** The place in the log of the first one; null where there is none. */
  readonly first: number | null;
}

/** Transactions commit in another order than they begin; hardly one is open for that long. */
const LATE_AFTER_MS = 3_600_000;

/** Looks for late entries: what somebody adds with a moment of the past can only be sealed at the end of the log. */
export class LateSearch {
  #greatest = Number.NEGATIVE_INFINITY;
  #entries = 0;
  #first: number | null = null;

  get found(): LateEntries {
    return { entries: this.#entries, first: this.#first };
  }

  /** To be called with every entry, in the order of the log. */
  take(seq: number, at: Date): void {
    if (at.getTime() < this.#greatest - LATE_AFTER_MS) {
      this.#entries += 1;
      this.#first ??= seq;
    }
    this.#greatest = Math.max(this.#greatest, at.getTime());
  }
}
