import { withVisibleControls } from './hidden-controls.ts';
import type { OutboxMessage } from './unit-of-work.ts';

/** A table of figures; the first column says what each row is about. */
export interface MailTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A mail before it has its two forms, plain text and HTML, which say the same. */
export interface MailContent {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** Rows of name and value, shown as a table. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly tables?: readonly MailTable[];
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
    ...(mail.tables ?? []).map(plainTable),
    mail.action ? `${mail.action.label}:\n${mail.action.url}` : '',
    mail.footer ? `-- \n${mail.footer}` : '',
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** A line for each row: columns would not stay below each other in every reader's font. */
function plainTable({ title, columns, rows }: MailTable): string {
  const lines = rows.map(([about = '', ...cells]) => {
    const figures = cells.map((cell, index) => `${(columns[index + 1] ?? '').toLowerCase()} ${cell}`);
    return `- ${about}: ${figures.join(', ')}`;
  });
  return [title, ...lines].join('\n');
}

function htmlText(mail: MailContent): string {
  const rows = (mail.facts ?? []).map(
    ([name, value]) =>
      `<tr><th align="left" valign="top" style="padding:4px 16px 4px 0;font-weight:600">${escape(name)}</th><td style="padding:4px 0">${escapeLines(value)}</td></tr>`,
  );
  const parts = [
    ...mail.paragraphs.map((paragraph) => `<p>${escapeLines(paragraph)}</p>`),
    rows.length > 0 ? `<table role="presentation" cellspacing="0">${rows.join('')}</table>` : '',
    ...(mail.tables ?? []).map(htmlTable),
    mail.action
      ? `<p><a href="${escape(mail.action.url)}" style="display:inline-block;padding:12px 20px;background:#1f4fd8;color:#ffffff;text-decoration:none;border-radius:6px">${escape(mail.action.label)}</a></p>`
      : '',
    mail.footer ? `<p style="color:#5a6270;font-size:13px">${escapeLines(mail.footer)}</p>` : '',
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${escape(mail.subject)}</title></head><body style="font-family:system-ui,sans-serif;line-height:1.5;max-width:40em;margin:0 auto;padding:16px">${parts.join('')}</body></html>`;
}

/** Without a style for each cell: providers cut off mails of more than some 100 kB. */
function htmlTable({ title, columns, rows }: MailTable): string {
  const head = columns.map(
    (column, index) => `<th scope="col" align="${index === 0 ? 'left' : 'right'}">${escape(column)}</th>`,
  );
  const body = rows.map(([about = '', ...cells]) => {
    const figures = cells.map((text) => `<td align="right">${escape(text)}</td>`);
    return `<tr valign="top"><th scope="row" align="left" style="font-weight:400">${escape(about)}</th>${figures.join('')}</tr>`;
  });
  return `<table cellspacing="0" cellpadding="4" style="margin:24px 0"><caption style="text-align:left;font-weight:600;padding:4px">${escape(title)}</caption><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
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
