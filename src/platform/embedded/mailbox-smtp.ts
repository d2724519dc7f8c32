import { buffer } from 'node:stream/consumers';

import { SMTPServer } from 'smtp-server';

import { ServiceUnavailableAtStart, reasonOf } from './errors.ts';
import type { MailboxStore } from './mailbox-store.ts';

const MESSAGE_LIMIT_BYTES = 25_000_000;
const RECIPIENTS_LIMIT = 100;
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * An SMTP server that puts what it is sent into the store and answers only then. `decide` is asked for every message that
 * has been received whole: 451 (RFC 5321, 4.2.3) when it refuses, 452 when the message cannot be written.
 */
export function createMailboxServer(store: MailboxStore, decide: () => 'accept' | 'refuse'): SMTPServer {
  const server = new SMTPServer({
    name: 'countersign-mailbox',
    logger: false,
    // No TLS on loopback: a certificate that nobody has signed would only make clients refuse.
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    disableReverseLookup: true,
    size: MESSAGE_LIMIT_BYTES,
    rejectOversized: true,
    maxRecipients: RECIPIENTS_LIMIT,
    closeTimeout: CLOSE_TIMEOUT_MS,
    onData: (stream, session, callback) => {
      const { mailFrom, rcptTo } = session.envelope;
      const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address) };
      buffer(stream)
        .then(async (message) => {
          if (stream.sizeExceeded) return; // answered by the server
          if (decide() === 'refuse') throw smtpError(451, '4.3.0 Not now, try again later');
          await store.add(envelope, message, Date.now());
        })
        .then(
          () => {
            callback();
          },
          (error: unknown) => {
            callback(
              isSmtpError(error) ? error : smtpError(452, '4.3.1 The message could not be stored, try again later'),
            );
          },
        );
    },
  });
  // Connections that break off are reported here; without a listener each would end the process.
  server.on('error', () => undefined);
  return server;
}

type SmtpError = Error & { responseCode: number };

function smtpError(responseCode: number, message: string): SmtpError {
  return Object.assign(new Error(message), { responseCode });
}

function isSmtpError(error: unknown): error is SmtpError {
  return error instanceof Error && 'responseCode' in error;
}

/** @throws {ServiceUnavailableAtStart} when the port is taken */
export async function listenOnLoopback(server: SMTPServer, port: number): Promise<void> {
  await new Promise<void>((done, reject) => {
    server.once('error', (error: Error) => {
      reject(
        new ServiceUnavailableAtStart(
          'Mailbox',
          `The mailbox cannot listen on port ${port}: ${reasonOf(error)}; set SMTP_URL to a mail server you have, or free the port.`,
        ),
      );
    });
    server.listen(port, '127.0.0.1', done);
  });
}
