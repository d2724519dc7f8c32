/** What one round of a load came to. */
export interface Round {
  /** From creation to outcome. */
  readonly perSecond: number;
  /** How long each decision (or, of the floor, each Update) took, in milliseconds. */
  readonly decisions: readonly number[];
}
