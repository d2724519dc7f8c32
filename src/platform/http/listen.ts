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
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new AddressNotAvailable(
          `The API cannot listen on ${host}:${port}: another program may be using it. Set PORT (and HOST) to an address that is free.`,
          { cause: error },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: (deadlineMs) => close(server, deadlineMs) };
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
