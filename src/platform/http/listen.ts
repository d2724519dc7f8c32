import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

/** Slow senders must not hold connections for ever; long polls answer within 30 s. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;

export interface HttpServer {
  readonly port: number;
  /** Takes no new request, lets those under way end, and cuts off what is left at the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/** The address that the API should listen on cannot be had. */
export class AddressNotAvailable extends Error {
  readonly code = 'address-not-available';
}

/** @throws AddressNotAvailable where somebody else listens there, or this machine does not have the address */
export async function listen(app: Express, host: string, port: number): Promise<HttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }, app);
  await bind(server, host, port);
  return { port: (server.address() as AddressInfo).port, stop: (deadlineMs) => close(server, deadlineMs) };
}

/**
 * Tries an address and lets go of it, before much is started that would have to be stopped again.
 * @throws AddressNotAvailable as `listen` does
 */
export async function requireAddress(host: string, port: number): Promise<void> {
  const server = createServer();
  await bind(server, host, port);
  await close(server, 0);
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new AddressNotAvailable(whyNot(error.code, host, port), { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function whyNot(code: string | undefined, host: string, port: number): string {
  switch (code) {
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The API cannot listen on ${host}:${port}: this machine does not have that address. Set HOST to one of its own, such as 127.0.0.1 or 0.0.0.0.`;
    case 'EACCES':
      return `The API cannot listen on ${host}:${port}: this user may not use that port. Set PORT to one above 1023.`;
    default:
      return `The API cannot listen on ${host}:${port}: another program may be using it. Set PORT (and HOST) to an address that is free.`;
  }
}

function close(server: Server, deadlineMs: number): Promise<void> {
  const cutOff = setTimeout(() => server.closeAllConnections(), deadlineMs);
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}
