import { type NextFunction, type Request, type Response, Router } from 'express';
import ipaddr from 'ipaddr.js';
import { simpleParser } from 'mailparser';
import { z } from 'zod';
import type { Mailbox, MailboxMessage } from '../../platform/embedded/mailbox.ts';
import { stampOf } from '../../platform/embedded/mailbox-store.ts';
import { ProblemError } from '../../platform/errors.ts';
import { validate } from '../../platform/http/validate.ts';
import { mailboxPage, mailPage, type MailSummaryView } from '../mailbox-page.ts';
import { sendPage } from './send-page.ts';

const MAILS_PER_PAGE = 50;
const MAILS_AT_MOST = 5_000;

const listQuery = z.object({
  to: z.string().max(320).optional(),
  page: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAILS_AT_MOST / MAILS_PER_PAGE)
    .default(1),
});
const jsonQuery = z.object({
  to: z.string().max(320).optional(),
  limit: z.coerce.number().int().min(1).max(MAILS_AT_MOST).default(1_000),
});

/** The HTML part of a mail can neither run nor load anything, and only our own page may frame it. */
const MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/**
 * `/dev/mailbox`: what was caught instead of being delivered, for people and (`.json`) for programs. It holds links that
 * decide and sign in, so it answers callers on this machine only, and to everybody else there is nothing here.
 */
export function mailboxRouter(mailbox: Mailbox): Router {
  const router = Router({ caseSensitive: true });

  router.get('/dev/mailbox', onThisMachineOnly, async (request, response) => {
    const { to, page } = validate(listQuery, { ...request.query }, 'query');
    const found = await mailbox.messages({ ...(to ? { to } : {}), limit: page * MAILS_PER_PAGE + 1 });
    const mails = found.slice((page - 1) * MAILS_PER_PAGE, page * MAILS_PER_PAGE).map(summary);
    const previous = page > 1 ? listPath(to, page - 1) : null;
    sendPage(
      response,
      200,
      mailboxPage({
        mails,
        previous,
        next: found.length > page * MAILS_PER_PAGE ? listPath(to, page + 1) : null,
        now: new Date(),
      }),
    );
  });

  router.get('/dev/mailbox.json', onThisMachineOnly, async (request, response) => {
    const { to, limit } = validate(jsonQuery, { ...request.query }, 'query');
    response.json(await mailbox.messages({ ...(to ? { to } : {}), limit }));
  });

  router.get('/dev/mailbox/:id', onThisMachineOnly, async (request: Request<{ id: string }>, response) => {
    const { id } = request.params;
    const mail = await readMail(mailbox, id);
    response.set(
      'Content-Security-Policy',
      `${response.get('Content-Security-Policy') ?? "default-src 'none'"}; frame-src 'self'`,
    );
    sendPage(
      response,
      200,
      mailPage({
        mail: {
          ...summary(mail),
          text: mail.text === '' ? null : mail.text,
          htmlHref: mail.html === null ? null : `${mailPath(id)}/html`,
        },
        now: new Date(),
      }),
    );
  });

  router.get('/dev/mailbox/:id/html', onThisMachineOnly, async (request: Request<{ id: string }>, response) => {
    const { html } = await readMail(mailbox, request.params.id);
    if (html === null) throw noSuchMail();
    response.removeHeader('X-Frame-Options');
    response.set('Content-Security-Policy', MAIL_POLICY).type('html').send(html);
  });

  return router;
}

/** Neither through a proxy, which would make every caller a local one, nor by another host's name (DNS rebinding). */
function onThisMachineOnly<Params>(request: Request<Params>, _response: Response, next: NextFunction): void {
  const wasForwarded = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'].some(
    (name) => request.headers[name] !== undefined,
  );
  if (wasForwarded || !isLoopback(request.socket.remoteAddress ?? '') || !namesThisMachine(request.headers.host ?? ''))
    throw noSuchMail();
  next();
}

function namesThisMachine(hostHeader: string): boolean {
  const host = hostHeader.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host);
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}

/** @throws ProblemError `not-found` */
async function readMail(mailbox: Mailbox, id: string): Promise<MailboxMessage> {
  const source = await mailbox.source(id);
  if (!source) throw noSuchMail();
  const { from, headerLines, subject, text, html } = await simpleParser(source, {
    skipTextToHtml: true,
    skipImageLinks: true,
  });
  const to = headerLines
    .filter(({ key }) => key === 'delivered-to')
    .map(({ line }) => line.slice(line.indexOf(':') + 1).trim());
  const date = new Date(stampOf(id)).toISOString();
  return {
    id,
    from: from?.value[0]?.address ?? '',
    to,
    subject: subject ?? '',
    date,
    text: text ?? '',
    html: typeof html === 'string' ? html : null,
  };
}

function summary({ id, from, to, subject, date }: MailboxMessage): MailSummaryView {
  return { href: mailPath(id), from, to, subject, at: new Date(date) };
}

function listPath(to: string | undefined, page: number): string {
  return `/dev/mailbox?${new URLSearchParams({ ...(to ? { to } : {}), page: String(page) }).toString()}`;
}

function mailPath(id: string): string {
  return `/dev/mailbox/${encodeURIComponent(id)}`;
}

function noSuchMail(): ProblemError {
  return new ProblemError('not-found', 'There is no such mail.');
}
