import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AddressGuard } from '../../notify/service.ts';
import { syslogFrame } from '../rules/syslog.ts';
import { type StreamedEvent, StreamRefused, type StreamSender } from './sender.ts';
import type { SyslogTarget } from './target.ts';

export interface SyslogSenderParts {
  readonly target: SyslogTarget;
  readonly guard: AddressGuard;
  /** What messages name as their sender. */
  readonly hostname: string;
  /** Milliseconds for connecting, sending and the end of the connection together. */
  readonly timeoutMs: number;
}

/**
 * Sends batches over TCP or TLS, one connection each. Syslog has no acknowledgement (RFC 5425, 4.4 leaves it to the
 * transport): a batch counts as taken when the receiver, after our end of the connection, ends its own in good order, which
 * it does when it has read everything.
 */
export class SyslogSender implements StreamSender {
  readonly #parts: SyslogSenderParts;

  constructor(parts: SyslogSenderParts) {
    this.#parts = parts;
  }

  async send(events: readonly StreamedEvent[], until: AbortSignal): Promise<void> {
    const { hostname, timeoutMs } = this.#parts;
    const signal = AbortSignal.any([until, AbortSignal.timeout(timeoutMs)]);
    const frames = events.map(({ at, event }) =>
      syslogFrame({ at, hostname, msgid: event.metadata.event_code, severityId: event.severity_id, event }),
    );
    const socket = await this.#connect();
    try {
      await handOver(socket, frames.join(''), signal);
    } finally {
      socket.destroy();
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A literal address is connected to without being looked up, so it is checked here. */
  async #connect(): Promise<Socket> {
    const { target, guard } = this.#parts;
    const { host, port, tls, ca } = target;
    await guard.addressesOf(host);
    const to = { host, port, lookup: guard.lookup };
    return tls
      ? connectTls({ ...to, ...(isIP(host) ? {} : { servername: host }), ...(ca === null ? {} : { ca }) })
      : connectTcp(to);
  }
}

/** @throws StreamRefused where the receiver ended the connection before it had everything; the socket's error; the signal's reason */
async function handOver(socket: Socket, text: string, signal: AbortSignal): Promise<void> {
  const ended = once(socket, 'end', { signal });
  const lost = once(socket, 'close', { signal }).then(() => Promise.reject(new StreamRefused('connection-lost')));
  socket.resume();
  socket.end(text);
  try {
    await Promise.race([ended, lost]);
    if (!socket.writableFinished) throw new StreamRefused('connection-lost');
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    lost.catch(() => undefined);
  }
}
