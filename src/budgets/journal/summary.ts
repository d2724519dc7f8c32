import { z } from 'zod';

const count = z.int().min(0);

/** What the entry of a minute says (`detail`). */
export const minuteSchema = z.strictObject({
  /** When it began, RFC 3339. */
  minute: z.iso.datetime(),
  /** The number that the digest before ends with; 0 for the first one of an organization. */
  after: count,
  /** The number of its last change. */
  to: count,
  changes: count,
  /** `state changes amount currency`, such as `held 3 1.5 USD`; for settled ones, the amount is what they cost. */
  totals: z.array(z.string()),
  /** SHA-256 of its lines, in hexadecimal. */
  digest: z.string(),
});
export type Minute = z.output<typeof minuteSchema>;

/** What a stretch of the journal comes to. */
export type Summary = Pick<Minute, 'changes' | 'totals' | 'digest'>;
