import { rest } from '../rest.ts';
import { Client } from 'pg';
import type { Logger } from 'pino';
import { DATABASE_ROLES } from './tenant-table.ts';

export interface ListenOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly logger: Logger;
  /** A notification of another process: those of this one do not come back. */
  readonly onNotification: (channel: string, payload: string) => void;
  /** Notifications may have been missed up to now. */
  readonly onConnected: () => void;
}

export interface Notification {
  readonly channel: string;
  readonly payload: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
/** A network that swallows packets ends no connection: only asking shows that nobody is there any more. */
const HEARTBEAT_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** One connection that listens (PostgreSQL LISTEN/NOTIFY), and is made again whenever it is lost. */
export class ListenConnection {
  readonly #options: ListenOptions;
  readonly #stopping = new AbortController();
  #client: Client | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ListenOptions) {
    this.#options = options;
  }

  /** Resolves as soon as it listens for the first time, or was stopped before. */
  start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#running = this.#keepConnected(first.resolve).finally(first.resolve);
    return first.promise;
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  /**
   * Sends all of them in one statement.
   * @throws Error where there is no connection, or it is lost on the way: they may then have gone out or not
   */
  async notify(notifications: readonly Notification[]): Promise<void> {
    if (!this.#client) throw new Error('no connection to notify over');
    const [channels, payloads] = [
      notifications.map(({ channel }) => channel),
      notifications.map(({ payload }) => payload),
    ];
    await this.#client.query(
      'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as one (channel, payload)',
      [channels, payloads],
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #keepConnected(onFirst: () => void): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const client = this.#newClient();
      try {
        await this.#listen(client);
        failures = 0;
        this.#client = client;
        onFirst();
        this.#options.onConnected();
        await lossOf(client, signal);
      } catch (error) {
        this.#options.logger.warn({ code: codeOf(error) }, 'cannot listen for changes in the database; trying again');
      } finally {
        this.#client = null;
        hangUp(client);
      }
      await rest(pauseAfter(failures), signal);
    }
  }

  #newClient(): Client {
    const client = new Client({
      connectionString: this.#options.url,
      options: `-c role=${DATABASE_ROLES.app}`,
      application_name: 'countersign listener',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
    });
    // Without a listener, losing the connection would end the process.
    client.on('error', (error) =>
      this.#options.logger.debug({ code: codeOf(error) }, 'the connection that listens for changes was lost'),
    );
    return client;
  }

  async #listen(client: Client): Promise<void> {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const self = rows[0]?.pid;
    client.on('notification', ({ processId, channel, payload }) => {
      if (processId !== self) this.#options.onNotification(channel, payload ?? '');
    });
    for (const channel of this.#options.channels) await client.query(`listen ${client.escapeIdentifier(channel)}`);
  }
}

/** Resolves when the connection ends, answers no more, or is no longer wanted. */
function lossOf(client: Client, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const heartbeat = setInterval(() => void client.query('select 1').catch(() => resolve()), HEARTBEAT_MS);
  const onAbort = () => resolve();
  signal.addEventListener('abort', onAbort);
  client.on('end', resolve);
  client.on('error', () => resolve());
  return promise.finally(() => {
    clearInterval(heartbeat);
    signal.removeEventListener('abort', onAbort);
  });
}

/** Says goodbye without waiting: where nobody is there any more, the answer never comes. */
function hangUp(client: Client): void {
  void client.end().catch(() => undefined);
}

function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
