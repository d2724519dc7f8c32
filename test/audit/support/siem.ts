import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ServerResponse } from 'node:http';
import type { Certified } from './certificate.ts';

/** What a SIEM knows of an event. */
export interface ReceivedEvent {
  readonly class_uid: number;
  readonly metadata: { readonly uid: string; readonly event_code: string };
  readonly [attribute: string]: unknown;
}

/** A SIEM that takes events over some transport. */
abstract class Siem {
  readonly received: ReceivedEvent[] = [];
  readonly #sockets = new Set<Socket>();
  protected abstract readonly server: Server;

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The ids of what was received, in the order in which it came. */
  get uids(): number[] {
    return this.received.map(({ metadata }) => Number(metadata.uid));
  }

  /** @param port of one that was stopped; unset: any free one */
  async start(port = 0): Promise<void> {
    this.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** Ends as a process that was killed does: connections are cut off. */
  async kill(): Promise<void> {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.server.listening) await once(this.server, 'close');
  }
}

/** Takes arrays of events over HTTPS. */
export class HttpsSiem extends Siem {
  readonly tokens: (string | undefined)[] = [];
  readonly bodies: string[] = [];
  /** What to do with a batch that has arrived; taking it is up to this function. */
  answer: (response: ServerResponse, take: () => void) => void = (response, take) => {
    take();
    response.writeHead(202).end();
  };
  protected readonly server: Server;

  constructor(certified: Certified) {
    super();
    this.server = createHttpsServer(certified, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        this.bodies.push(body);
        this.tokens.push(request.headers.authorization);
        this.answer(response, () => void this.received.push(...(JSON.parse(body) as ReceivedEvent[])));
      });
    });
  }
}

/** Takes octet-counted syslog messages (RFC 6587), over TLS where it has a certificate. */
export class SyslogSiem extends Siem {
  readonly headers: string[] = [];
  /** Cuts the connection off, unread data and all, once so many messages were taken from it. */
  cutAfter: number | null = null;
  /** Takes connections, and reads nothing from them. */
  isDeaf = false;
  protected readonly server: Server;

  constructor(certified: Certified | null) {
    super();
    const serve = (socket: Socket) => this.#serve(socket);
    this.server = certified ? createTlsServer(certified, serve) : createTcpServer(serve);
  }

  #serve(socket: Socket): void {
    let unread = Buffer.of();
    let taken = 0;
    socket.on('error', () => undefined);
    if (this.isDeaf) return;
    socket.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      for (let frame = firstFrame(unread); frame; frame = firstFrame(unread)) {
        if (taken === this.cutAfter) {
          socket.destroy();
          return;
        }
        unread = unread.subarray(frame.bytes);
        taken += 1;
        this.#take(frame.message);
      }
    });
  }

  #take(message: string): void {
    const [, header, json] = /^(<\d+>1 \S+ \S+ \S+ \S+ \S+ -) (\{.*\})$/.exec(message) ?? [];
    if (header === undefined || json === undefined) throw new Error(`no message of RFC 5424: ${message}`);
    this.headers.push(header);
    this.received.push(JSON.parse(json) as ReceivedEvent);
  }
}

function firstFrame(bytes: Buffer): { bytes: number; message: string } | null {
  const space = bytes.indexOf(' ');
  if (space < 0) return null;
  const length = Number(bytes.toString('ascii', 0, space));
  const end = space + 1 + length;
  return bytes.length < end ? null : { bytes: end, message: bytes.toString('utf8', space + 1, end) };
}
