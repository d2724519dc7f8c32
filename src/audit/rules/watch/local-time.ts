const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment as clocks of some place show it. */
export interface LocalTime {
  /** Days since 1970-01-01 of the calendar there. */
  readonly day: number;
  /** 0 to 23 */
  readonly hour: number;
}

/**
 * What calendar and clock of a time zone show.
 * @param timezone an IANA name
 * @throws RangeError where there is no such time zone
 */
export function localTime(at: Date, timezone: string): LocalTime {
  const shown = Object.fromEntries(
    formatFor(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0 } = shown;
  return { day: Math.floor(Date.UTC(year, month - 1, day) / DAY_MS), hour };
}

/** The hour of all hours since 1970, UTC. */
export function hourNumber(at: Date): number {
  return Math.floor(at.getTime() / HOUR_MS);
}

/** To make one takes a hundred times as long as to use it. */
function formatFor(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-u-ca-iso8601', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
  });
  formats.set(timezone, made);
  return made;
}
