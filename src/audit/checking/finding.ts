/** Something about a log that is not as it was written. */
export interface Finding {
  /** The entry's place in the log, where it is about one that has a place. */
  readonly seq: number | null;
  /** A sentence's end: `its text was changed`. Ids only, nothing of what an entry says. */
  readonly what: string;
}

/** Takes findings as they come: a damaged log may have as many as it has entries. */
export type Report = (finding: Finding) => void;
