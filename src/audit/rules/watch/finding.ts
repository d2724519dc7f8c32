/** What is unusual about an access. */
export const FINDING_KINDS = {
  new_network: 'Access from a network that this person was never seen in.',
  new_country: 'Access from a country that this person was never seen in.',
  unusual_hour: 'Access at an hour of the day at which this person was never seen.',
  denials: 'Many requests of this person were refused within a short time.',
  mass_reads: 'This person read, or exported, very much within a short time.',
} as const satisfies Readonly<Record<string, string>>;

export type FindingKind = keyof typeof FINDING_KINDS;

/** Something unusual, with the numbers that made it so. */
export interface Finding {
  readonly kind: FindingKind;
  readonly counts: Readonly<Record<string, number>>;
}
