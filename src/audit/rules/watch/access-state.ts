import type { FindingKind } from './finding.ts';

/**
 * What is remembered of one person's access: enough to tell what is unusual for them, and bounded. Networks are keyed hashes.
 * Plain JSON: it is stored as it is, sealed under the person's key.
 */
export interface AccessState {
  /** On how many days the person was seen. */
  readonly days: number;
  /** The last of them, in days since 1970 of the organization's calendar. */
  readonly lastDay: number;
  /** Hours of the day at which they were seen: bit 0 is midnight to one. */
  readonly hours: number;
  /** Those seen last stand last. */
  readonly networks: readonly string[];
  /** ISO 3166-1 alpha-2. */
  readonly countries: readonly string[];
  /** Moments in milliseconds. */
  readonly denials: readonly number[];
  readonly exports: readonly number[];
  /** What was read, and when last, oldest first. */
  readonly reads: readonly (readonly [object: string, at: number])[];
  /** The hour (since 1970) of the latest finding of each kind. */
  readonly told: Readonly<Partial<Record<FindingKind, number>>>;
}

export const NOTHING_SEEN: AccessState = {
  days: 0,
  lastDay: -1,
  hours: 0,
  networks: [],
  countries: [],
  denials: [],
  exports: [],
  reads: [],
  told: {},
};
