import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { type Mail, readMail } from './mail.ts';
import type { ClaimedMessage, Delivery, OutboxHandler } from './relay/handler.ts';
import { checkedAddress, InvalidMailAddress, oneLine, parseMailbox } from './rules/mail-address.ts';
import { judgeSmtpFailure, type SmtpFailure } from './rules/smtp-reply.ts';

export interface MailOptions {
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  readonly smtpUrl: string;
  /** The sender, such as `Countersign <countersign@example.com>`. */
  readonly from: string;
  /** Its host stands in every Message-ID. */
  readonly publicUrl: string;
}

/** Milliseconds for which a mail is tried: five days (RFC 5321, 4.5.4.1). */
export const MAIL_RETRY_FOR_MS = 5 * 86_400_000;
export const MAIL_CONCURRENCY = 16;

/** Connections that are kept open; each sends one mail at a time. */
const CONNECTIONS = 8;
const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 60_000 };

/** Sends mail over SMTP. */
export class MailHandler implements OutboxHandler {
  readonly #transport;
  readonly #from: string;
  readonly #host: string;

  constructor(options: MailOptions) {
    this.#transport = createTransport({
      url: options.smtpUrl,
      pool: true,
      maxConnections: CONNECTIONS,
      maxMessages: Infinity,
      ...TIMEOUTS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    this.#from = options.from;
    this.#host = new URL(options.publicUrl).hostname;
  }

  async deliver(message: ClaimedMessage, signal: AbortSignal): Promise<Delivery> {
    const mail = readMail(message.body);
    if (!mail) return { outcome: 'given-up', error: 'not-a-mail' };
    try {
      await this.#send(mail, message, signal);
      return { outcome: 'delivered' };
    } catch (error) {
      if (error instanceof InvalidMailAddress) return { outcome: 'given-up', error: error.code };
      const verdict = judgeSmtpFailure(failureOf(error));
      return { outcome: verdict.retry ? 'retry' : 'given-up', error: verdict.error };
    }
  }

  /** Closes the connections; a mail that is under way finishes first. */
  close(): void {
    this.#transport.close();
  }

  /** Envelope and addresses are handed over taken apart, so that nothing in them is read as a second address. */
  async #send(mail: Mail, { id, createdAt }: ClaimedMessage, signal: AbortSignal): Promise<void> {
    const from = parseMailbox(mail.from ?? this.#from);
    const to = checkedAddress(mail.to);
    await this.#transport.sendMail({
      signal,
      envelope: { from: from.address, to: [to] },
      from,
      to: { name: '', address: to },
      subject: oneLine(mail.subject),
      text: mail.text,
      html: mail.html,
      messageId: `<${id}@${this.#host}>`,
      date: createdAt,
      // RFC 3834 and its counterpart at Microsoft: no out-of-office answers, please.
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      xMailer: false,
    });
  }
}

const failureSchema = z.object({
  code: text(),
  command: text(),
  response: text(),
  responseCode: z.number().optional().catch(undefined),
});

function text() {
  return z.string().optional().catch(undefined);
}

function failureOf(error: unknown): SmtpFailure {
  return failureSchema.safeParse(error).data ?? {};
}
