import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { Watched } from './watched.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** What to answer, such as `450 4.2.0 try later`; null accepts. */
export type Answer = string | null;

/** A real SMTP server on loopback. Refusals can be set at any moment. */
export class TestSmtpServer {
  readonly received = new Watched<ReceivedMail>();
  /** Recipients in the order in which they were named, refused ones included. */
  readonly asked = new Watched<string>();
  atRecipient: (address: string) => Answer = () => null;
  atData: () => Answer = () => null;
  /** Runs when a mail is complete and before the server says so. */
  beforeAccepting: (mail: ReceivedMail) => Promise<void> = async () => undefined;
  readonly #server: SMTPServer;
  #port = 0;

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onRcptTo: ({ address }, _session, callback) => {
        this.asked.add(address);
        callback(refusal(this.atRecipient(address)));
      },
      onData: (stream, session, callback) => {
        const { mailFrom, rcptTo } = session.envelope;
        void collect(stream)
          .then(async (raw) => {
            const answer = this.atData();
            if (answer !== null) return callback(refusal(answer));
            const mail = {
              from: mailFrom ? mailFrom.address : '',
              to: rcptTo.map(({ address }) => address),
              raw,
              parsed: await simpleParser(raw),
            };
            await this.beforeAccepting(mail);
            this.received.add(mail);
            callback();
          })
          .catch(callback);
      },
    });
    // A client that is killed in the middle of a conversation is part of some tests.
    this.#server.on('error', () => undefined);
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  /** @param predecessor a stopped server, at whose port it listens; unset: at any free port */
  async start(predecessor?: TestSmtpServer): Promise<void> {
    const server = this.#server.listen(predecessor ? predecessor.#port : 0, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

function refusal(answer: Answer): Error | undefined {
  if (answer === null) return undefined;
  return Object.assign(new Error(answer.slice(4)), { responseCode: Number(answer.slice(0, 3)) });
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
