import type { MailContent } from '../../platform/mail-message.ts';

/** Brings the one-time link. Whoever belongs to several organizations gets one mail from each, which names it. */
export function signInMail(organization: string, url: string, minutes: number): MailContent {
  return {
    subject: `Sign in to Countersign: ${organization}`,
    paragraphs: [
      `Somebody, we hope you, asked to sign in to Countersign with this address, to the organization “${organization}”.`,
    ],
    action: { label: 'Sign in', url },
    footer: `The link works once and for ${minutes} minutes. Opening it signs nobody in; the button behind it does. If you did not ask for it, do nothing. Never pass it on: whoever has it can sign in as you.`,
  };
}
