import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail server on loopback that accepts everything. */
export interface SmtpSink {
  readonly url: string;
  /** How many mails it has accepted. */
  readonly accepted: number;
  stop(): Promise<void>;
}

/** @param onMail told of every mail, as it came, before the sender hears that it was accepted */
export async function startSmtpSink(onMail?: (raw: string) => void): Promise<SmtpSink> {
  let accepted = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (onMail) chunks.push(chunk);
      });
      stream.once('end', () => {
        accepted += 1;
        onMail?.(Buffer.concat(chunks).toString('utf8'));
        callback();
      });
    },
  });
  // A client that is killed in the middle of a conversation is none of our business.
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    get accepted() {
      return accepted;
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
