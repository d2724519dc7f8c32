import type { AmountView } from './view-models.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Writes `12000.5` and `USD` as `12,000.50 USD`. Works on digits, never on floats, and drops no digit but trailing zeros past the second decimal. */
export function formatAmount({ value, currency }: AmountView): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value);
  if (!parts) return `${value} ${currency}`;
  const [, sign = '', whole = '', fraction = ''] = parts;
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  const exact = fraction.replace(/0+$/, '').padEnd(2, '0');
  return `${sign}${grouped}.${exact} ${currency}`;
}

/** Writes an instant as `23 Nov 2026, 09:05 UTC`. */
export function formatMoment(at: Date): string {
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())} UTC`;
}

function largestUnit(milliseconds: number, daysFrom: number): string {
  if (milliseconds < MINUTE) return 'less than a minute';
  if (milliseconds < HOUR) return counted(Math.floor(milliseconds / MINUTE), 'minute');
  if (milliseconds < daysFrom) return counted(Math.floor(milliseconds / HOUR), 'hour');
  return counted(Math.floor(milliseconds / DAY), 'day');
}

/**
 * Says how far an instant is from `now`: `in 3 hours`, `2 days ago`. Rounded down, so that a deadline never looks further away
 * than it is; for the same reason what is less than two days ahead is said in hours.
 */
export function formatRelative(at: Date, now: Date): string {
  const difference = at.getTime() - now.getTime();
  return difference > 0 ? `in ${largestUnit(difference, 2 * DAY)}` : `${largestUnit(-difference, DAY)} ago`;
}

/** Writes `1 approval`, `2 approvals`; for nouns whose plural is an added `s`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Turns a program's name for a thing (`cost_center`) into words (`Cost center`); anything else is left as it was written. */
export function humanize(name: string): string {
  if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name)) return name;
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
