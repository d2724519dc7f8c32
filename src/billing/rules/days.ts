import { Temporal } from 'temporal-polyfill';

/** A day of a time zone. */
export interface LocalDay {
  /** Such as `2026-11-23`. */
  readonly date: string;
  /** From 0 (Monday) to 6. */
  readonly weekday: number;
}

/** The day of a time zone that a moment lies in. */
export function dayAt(at: Date, timezone: string): LocalDay {
  return localDay(zoned(at, timezone).toPlainDate());
}

/** The days of which something lies between two moments, in their order. @param until no longer belongs to it */
export function daysBetween(from: Date, until: Date, timezone: string): LocalDay[] {
  if (from >= until) return [];
  const last = zoned(new Date(until.getTime() - 1), timezone).toPlainDate();
  const days: LocalDay[] = [];
  for (let day = zoned(from, timezone).toPlainDate(); Temporal.PlainDate.compare(day, last) <= 0;) {
    days.push(localDay(day));
    day = day.add({ days: 1 });
  }
  return days;
}

/** How much of its day has passed at a moment, from 0 to 1; a day may have 23 or 25 hours. */
export function elapsedOfDay(at: Date, timezone: string): number {
  const now = zoned(at, timezone);
  const begin = now.startOfDay();
  const end = begin.add({ days: 1 }).startOfDay();
  return (now.epochMilliseconds - begin.epochMilliseconds) / (end.epochMilliseconds - begin.epochMilliseconds);
}

/** The first moment of the day so many days before. */
export function startOfDayBefore(at: Date, days: number, timezone: string): Date {
  return new Date(zoned(at, timezone).subtract({ days }).startOfDay().epochMilliseconds);
}

/** The moments in which a day begins and ends. @param date such as `2026-11-23` */
export function boundsOfDay(date: string, timezone: string): { readonly from: Date; readonly until: Date } {
  const day = Temporal.PlainDate.from(date);
  const beginning = (of: Temporal.PlainDate) => new Date(of.toZonedDateTime(timezone).epochMilliseconds);
  return { from: beginning(day), until: beginning(day.add({ days: 1 })) };
}

function zoned(at: Date, timezone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone);
}

function localDay(date: Temporal.PlainDate): LocalDay {
  return { date: date.toString(), weekday: date.dayOfWeek - 1 };
}
