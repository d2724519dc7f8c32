import { z } from 'zod';

/** A mail as it waits in the outbox: one recipient, a text part and an HTML part. */
const mailSchema = z.object({
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  /** Another sender than the installation's. */
  from: z.string().optional(),
});
export type Mail = z.output<typeof mailSchema>;

/**
 * Reads the opened body of an outbox row (`platform/mail-message.ts` writes them).
 * @returns null where it is no mail
 */
export function readMail(body: string | null): Mail | null {
  if (body === null) return null;
  try {
    return mailSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}
