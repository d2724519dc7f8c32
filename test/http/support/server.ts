import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Router } from 'express';
import { failurePage } from '../../../src/pages/routes/failure-page.ts';
import { createApp } from '../../../src/platform/http/app.ts';
import { Denials } from '../../../src/platform/http/denials.ts';
import { Gate } from '../../../src/platform/http/gate.ts';
import { Idempotency } from '../../../src/platform/http/idempotency.ts';
import { type ApiDocument, openApiDocument } from '../../../src/platform/http/openapi/document.ts';
import { RateLimit } from '../../../src/platform/http/rate-limit.ts';
import type { ReadinessCheck } from '../../../src/platform/http/readiness.ts';
import type { Route } from '../../../src/platform/http/route.ts';
import { Housekeeping } from '../../../src/platform/housekeeping.ts';
import { createLogger } from '../../../src/platform/observability/log.ts';
import { createMetrics } from '../../../src/platform/observability/metrics.ts';
import type { UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { KeyAuthenticator } from '../../../src/tenancy/authenticator.ts';
import type { Installation } from './installation.ts';
import { Notes } from './notes.ts';
import { TestClock } from './test-clock.ts';

export interface ServerOptions {
  readonly rateLimit?: number;
  readonly checks?: readonly ReadinessCheck[];
  readonly pages?: (document: ApiDocument) => readonly Router[];
  readonly publicUrl?: string;
  /** Routes besides those of the notes. */
  readonly routes?: (work: UnitOfWork) => readonly Route[];
  readonly trustProxy?: string;
}

export interface Asked {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** One server process of an installation, as far as that can be had inside a test: everything of its own but the database. */
export class TestServer {
  readonly clock = new TestClock();
  readonly notes: Notes;
  readonly housekeeping: Housekeeping;
  readonly logLines: string[] = [];
  readonly #watchers = new Set<(line: Record<string, unknown>) => void>();
  readonly #installation: Installation;
  readonly #http: Server;

  constructor(installation: Installation, options: ServerOptions = {}) {
    this.#installation = installation;
    const work = installation.openWork(this.clock);
    this.notes = new Notes(work);
    const logger = createLogger({ logLevel: 'debug' }, { write: (line) => this.#onLogLine(line) });
    this.housekeeping = new Housekeeping({ database: work.database, logger });
    const metrics = createMetrics();
    const routes = [...this.notes.routes(), ...(options.routes?.(work) ?? [])];
    const publicUrl = options.publicUrl ?? 'http://localhost';
    const document = openApiDocument(routes, { version: '1.2.3', publicUrl });
    const gate = new Gate({
      authenticator: new KeyAuthenticator(work.database, this.clock),
      rateLimit: new RateLimit(options.rateLimit ?? 0),
    });
    const idempotency = new Idempotency({
      work,
      clock: this.clock,
      master: installation.master,
      logger,
      onReplay: metrics.answerReplayed,
    });
    const app = createApp({
      config: { publicUrl, trustProxy: options.trustProxy ?? null },
      logger,
      metrics,
      document,
      failurePage,
      api: { routes, gate, idempotency, denials: new Denials(work, this.clock, async () => null) },
      checks: options.checks ?? [],
      pages: options.pages?.(document) ?? [],
    });
    this.#http = createServer(app);
  }

  static async start(installation: Installation, options?: ServerOptions): Promise<TestServer> {
    const server = new TestServer(installation, options);
    installation.closeWithIt(server);
    await new Promise<void>((resolve) => void server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Sends a request with the owner's key, unless another one (or none: null) is named. */
  async ask(
    method: string,
    path: string,
    { key = this.#installation.ownerKey, headers = {}, body, raw }: Asked = {},
  ): Promise<Answered> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(raw === undefined ? {} : { body: raw }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  }

  /** The log so far. */
  get log(): readonly Record<string, unknown>[] {
    return this.logLines.map((line) => JSON.parse(line));
  }

  /** Resolves with the first line of the log, from its beginning, that is as wanted. */
  async logged(isWanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    const known = this.log.find(isWanted);
    if (known) return known;
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    const watcher = (line: Record<string, unknown>) => isWanted(line) && resolve(line);
    this.#watchers.add(watcher);
    return promise.finally(() => this.#watchers.delete(watcher));
  }

  #onLogLine(text: string): void {
    this.logLines.push(text);
    const line: Record<string, unknown> = JSON.parse(text);
    for (const watcher of this.#watchers) watcher(line);
  }

  /** Closes it, if it is not closed already. */
  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => void this.#http.close(() => resolve()));
  }
}
