import { Temporal } from 'temporal-polyfill';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** No zone has ever moved by a part of an hour, and back, within less. */
const SAMPLED_MS = 30 * DAY_MS;

/**
 * The hours of UTC within which a day of a time zone begins, as it does where the zone is half or a quarter of an hour off the
 * full ones (Asia/Kolkata, Asia/Kathmandu): their sums belong to two days.
 * @param from included @param to excluded; full hours
 * @returns their beginnings, in order; nothing for all other zones, after a few looks
 */
export function splitHours(timezone: string, from: Date, to: Date): Date[] {
  if (from >= to || !isOffTheHour(timezone, from.getTime(), to.getTime())) return [];
  const hours: Date[] = [];
  let day = zoned(from.getTime(), timezone).startOfDay();
  for (; day.epochMilliseconds < to.getTime(); day = day.add({ days: 1 }).startOfDay()) {
    const begin = day.epochMilliseconds;
    const hour = Math.floor(begin / HOUR_MS) * HOUR_MS;
    if (hour !== begin && hour >= from.getTime()) hours.push(new Date(hour));
  }
  return hours;
}

function isOffTheHour(timezone: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += SAMPLED_MS) if (offsetAt(at, timezone) % HOUR_MS !== 0) return true;
  return offsetAt(to, timezone) % HOUR_MS !== 0;
}

function offsetAt(ms: number, timezone: string): number {
  return zoned(ms, timezone).offsetNanoseconds / 1_000_000;
}

function zoned(ms: number, timezone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone);
}
