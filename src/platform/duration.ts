const SECONDS_PER_DAY = 86_400;
const LONGEST_SECONDS = 365 * SECONDS_PER_DAY;
// Weeks beside days are allowed by ISO 8601-2. Eight digits hold a year of seconds, and bound what a caller can make us read.
const SHAPE = /^P(?=.)(?:(\d{1,8})W)?(?:(\d{1,8})D)?(?:T(?=\d)(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,8})S)?)?$/;

/** A length of time of at least one second. Days are kept apart from seconds because a calendar counts them differently. */
export interface Duration {
  readonly days: number;
  readonly seconds: number;
}

/** Thrown when a text is no duration, or one that is too short or too long to wait for. */
export class InvalidDurationError extends Error {
  readonly code = 'invalid-duration';

  constructor(message: string) {
    super(message);
    this.name = 'InvalidDurationError';
  }
}

/**
 * Reads an ISO 8601 duration of one second to 365 days, e.g. `PT4H`, `P3D`, `P1DT2H` or `P2W` (a week is seven days).
 * Years and months have no fixed length, and fractions no single meaning: both are refused.
 * @throws InvalidDurationError
 */
export function parseDuration(text: string): Duration {
  const parts = SHAPE.exec(text);
  if (parts === null) {
    throw new InvalidDurationError(
      'Write a duration in whole weeks, days, hours, minutes and seconds, such as PT4H, P3D or P1DT2H.',
    );
  }
  const [weeks, days, hours, minutes, seconds] = parts.slice(1).map((digits) => Number(digits ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const duration = { days: weeks * 7 + days, seconds: hours * 3600 + minutes * 60 + seconds };
  const length = secondsOf(duration);
  if (length < 1 || length > LONGEST_SECONDS) {
    throw new InvalidDurationError('Give a duration of at least one second (PT1S) and at most 365 days (P365D).');
  }
  return duration;
}

/** The moment `duration` after `at`; a day is 24 hours here, whatever the clocks do. */
export function addDuration(at: Date, duration: Duration): Date {
  return new Date(at.getTime() + secondsOf(duration) * 1000);
}

function secondsOf({ days, seconds }: Duration): number {
  return days * SECONDS_PER_DAY + seconds;
}
