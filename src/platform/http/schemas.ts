import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { type Amount, formatAmount } from '../money.ts';

// oxlint-disable-next-line no-control-regex -- keeping control characters out is the point
const NO_CONTROLS = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$/;
// oxlint-disable-next-line no-control-regex
const NO_CONTROLS_OR_BREAKS = /^[^\u0000-\u001f\u007f\u2028\u2029]*$/;

// Refinements and not patterns: what they say is plain in a message, and unreadable as a pattern in the reference.

/** Free text of several lines. */
export function longText(max: number) {
  return z
    .string()
    .max(max)
    .refine((text) => NO_CONTROLS.test(text), 'must not contain control characters')
    .refine(isWellFormed, 'must be well-formed Unicode');
}

/** Text that stands in one line (a name, a title); it may end up in a mail's subject, so no line break gets in. */
export function lineText(max: number) {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((text) => NO_CONTROLS_OR_BREAKS.test(text), 'must be one line without control characters')
    .refine((text) => text.trim() !== '', 'must not be blank')
    .refine(isWellFormed, 'must be well-formed Unicode');
}

/** Half of a surrogate pair, as an escape in JSON can write it, cannot be stored as UTF-8. */
function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/**
 * An id that a caller may choose: letters, digits, `._-`, at most 64. Not `.` and `..`: ids stand in addresses, and there every
 * client takes these for steps of the path (RFC 3986, 5.2.4).
 */
export const ALIAS = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
export const ALIAS_RULE = 'must be 1 to 64 letters, digits, `.`, `_` or `-`, and neither `.` nor `..`';

export const aliasSchema = z.string().regex(ALIAS, ALIAS_RULE).meta({ example: 'team-123' });

export const uuidSchema = z.uuid('must be a UUID').toLowerCase();

export const emailSchema = z.email('must be an e-mail address').max(254).meta({ example: 'jane@example.com' });

/** What has four digits for its year in UTC too; other moments have a form that is not everybody's. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

export const timestampSchema = z.iso
  .datetime({ offset: true, message: 'must be an RFC 3339 time such as 2026-11-23T09:00:00Z', abort: true })
  .refine((text) => isWithinYears(Date.parse(text)), 'must lie between the years 1 and 9999')
  .meta({ example: '2026-11-23T09:00:00Z' });

/** @param moment in milliseconds since 1970 */
export function isWithinYears(moment: number): boolean {
  return moment >= EARLIEST && moment <= LATEST;
}

/** Answers are UTC. */
export const timestampOut = z.iso.datetime();

export const timezoneSchema = z
  .string()
  .max(64)
  .refine(isTimezone, { message: 'must be an IANA time zone such as Europe/Berlin', abort: true })
  .overwrite(asItIsWritten)
  .meta({ example: 'Europe/Berlin' });

function isTimezone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Names of zones are taken in whatever case, and kept in the one they have: Temporal knows them in no other. */
function asItIsWritten(timezone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone).timeZoneId;
}

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(512).optional(),
};

/** A list, page by page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** An amount that is told. */
export const amountOut = z
  .object({ value: z.string(), currency: z.string() })
  .describe('Exact. It may be negative, as `-0.10`, where more was handed on or corrected than spent.');

/** @param currency ISO 4217 */
export function amountOf(amount: Amount, currency: string): z.input<typeof amountOut> {
  return { value: formatAmount(amount), currency };
}
