import { withVisibleControls } from './hidden-controls.ts';
import type { OutboxMessage } from './unit-of-work.ts';

/** A mail before it has its two forms, plain text and HTML, which say the same. */
export interface MailContent {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** Rows of name and value, shown as a table. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly action?: { readonly label: string; readonly url: string };
  readonly footer?: string;
}

export interface Mail extends MailContent {
  /** Also makes the Message-ID, so that a repeated delivery can be recognized. */
  readonly id: string;
  readonly to: string;
  /** Everybody the mail tells about or is sent to: it is readable only as long as all their keys exist. */
  readonly subjects: readonly string[];
  readonly reference: OutboxMessage['reference'];
}

/**
 * Puts a mail into the outbox's form. Characters that secretly turn the reading order are written out, as on pages: what
 * is approved must not read otherwise than it is.
 */
export function mailMessage(mail: Mail): OutboxMessage {
  const subject = withVisibleControls(oneLine(mail.subject));
  const body = {
    to: mail.to,
    subject,
    text: withVisibleControls(plainText(mail)),
    html: withVisibleControls(htmlText(mail)),
  };
  return {
    id: mail.id,
    channel: 'mail',
    reference: mail.reference,
    body: { subjects: mail.subjects, text: JSON.stringify(body) },
  };
}

/** A subject is a header: a line break in it would begin another one. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function plainText(mail: MailContent): string {
  const facts = (mail.facts ?? []).map(([name, value]) => `${name}: ${value}`);
  const blocks = [
    ...mail.paragraphs,
    facts.join('\n'),
    mail.action ? `${mail.action.label}:\n${mail.action.url}` : '',
    mail.footer ? `-- \n${mail.footer}` : '',
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function htmlText(mail: MailContent): string {
  const rows = (mail.facts ?? []).map(
    ([name, value]) =>
      `<tr><th align="left" valign="top" style="padding:4px 16px 4px 0;font-weight:600">${escape(name)}</th><td style="padding:4px 0">${escapeLines(value)}</td></tr>`,
  );
  const parts = [
    ...mail.paragraphs.map((paragraph) => `<p>${escapeLines(paragraph)}</p>`),
    rows.length > 0 ? `<table role="presentation" cellspacing="0">${rows.join('')}</table>` : '',
    mail.action
      ? `<p><a href="${escape(mail.action.url)}" style="display:inline-block;padding:12px 20px;background:#1f4fd8;color:#ffffff;text-decoration:none;border-radius:6px">${escape(mail.action.label)}</a></p>`
      : '',
    mail.footer ? `<p style="color:#5a6270;font-size:13px">${escapeLines(mail.footer)}</p>` : '',
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${escape(mail.subject)}</title></head><body style="font-family:system-ui,sans-serif;line-height:1.5;max-width:40em;margin:0 auto;padding:16px">${parts.join('')}</body></html>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function escapeLines(text: string): string {
  return escape(text).replaceAll('\n', '<br>');
}
