import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  type GrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { ClientPlugin } from '@temporalio/client';
import { Unavailable } from '../errors.ts';
import { EncryptingCodec } from './payload-codec.ts';

/** How long a server may stay silent before a request is told that it is away. */
const HEALTH_CHECK_MS = 2_000;
/** A health check is believed for so long. */
const BELIEVED_MS = 1_000;
/**
 * The client's own way is to pause for up to five seconds, deadline or not: a request would wait that much longer than it
 * should, and come back as much later once the server does. How often it tries is the deadline's to end.
 */
const LONGEST_PAUSE_MS = 800;
const patience = defaultGrpcRetryOptions({ maxAttempts: 100 });
const retries: GrpcRetryOptions = {
  ...patience,
  delayFunction: (attempt, status) =>
    Math.min(LONGEST_PAUSE_MS * (1 + Math.random() / 2), patience.delayFunction(attempt, status)),
};

/** How the connection is secured: TLS, and an API key where the service asks for one (Temporal Cloud). */
export interface TemporalSecurity {
  readonly tls?: boolean;
  readonly apiKey?: string;
}

export function dataConverter(key: Uint8Array): DataConverter {
  return { payloadCodecs: [new EncryptingCodec(key)] };
}

/** The connection of a process to Temporal, and whether the server answers at present. */
export class TemporalConnection {
  readonly client: Client;
  readonly #connection: Connection;
  readonly #underWay = new Set<Promise<unknown>>();
  #lastCheck: { at: number; result: Promise<void> } | undefined;

  private constructor(client: Client, connection: Connection) {
    this.client = client;
    this.#connection = connection;
  }

  /** Does not wait for the server: a process may start while it is away. */
  static open(options: {
    address: string;
    namespace: string;
    security?: TemporalSecurity;
    payloadKey: Uint8Array;
    plugins?: ClientPlugin[];
  }): TemporalConnection {
    const connection = Connection.lazy({
      address: options.address,
      interceptors: [makeGrpcRetryInterceptor(retries)],
      ...options.security,
    });
    const client = new Client({
      connection,
      namespace: options.namespace,
      dataConverter: dataConverter(options.payloadKey),
      ...(options.plugins ? { plugins: options.plugins } : {}),
    });
    return new TemporalConnection(client, connection);
  }

  /** @throws Unavailable where the server does not answer */
  async check(): Promise<void> {
    const now = performance.now();
    if (!this.#lastCheck || now - this.#lastCheck.at > BELIEVED_MS) this.#lastCheck = { at: now, result: this.#ask() };
    return this.#lastCheck.result;
  }

  /** Does something with the client, all calls of which give up after so many milliseconds. */
  async within<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
    const call = this.client.withDeadline(Date.now() + deadlineMs, work);
    this.#underWay.add(call);
    try {
      return await call;
    } finally {
      this.#underWay.delete(call);
    }
  }

  /** Waits for the calls that are under way: one that is to be repeated on a closed connection would end the process. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#connection.close();
  }

  async #ask(): Promise<void> {
    try {
      await this.within(HEALTH_CHECK_MS, () =>
        this.#connection.workflowService.describeNamespace({ namespace: this.client.options.namespace }),
      );
    } catch (error) {
      throw new Unavailable('The workflow service', { cause: error });
    }
  }
}
