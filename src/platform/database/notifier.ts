import type { Logger } from 'pino';
import type { ChangeNotifier } from '../unit-of-work.ts';
import { Bell } from './bell.ts';
import { ListenConnection } from './listen-connection.ts';
import { EVERYTHING, packResources, unpackResources } from './notification-payload.ts';

const CHANGES_CHANNEL = 'countersign_changes';
/** What many transactions announce within this time goes out together. */
const GATHER_MS = 3;
/** While the database is away, this much is remembered by name; beyond, everybody is told to look again. */
const REMEMBERED_AT_MOST = 5_000;

/** @param changed false where nothing happened in time */
type Waiter = (changed: boolean) => void;

/**
 * Tells the processes of one installation that something was committed, over one connection each (NOTIFY and LISTEN).
 * It only ever says "look again": nobody may rely on it for more than being quick.
 */
export class Notifier implements ChangeNotifier {
  readonly #connection: ListenConnection;
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #outbox = new Bell('countersign_outbox');
  readonly #audit = new Bell('countersign_audit');
  readonly #bells = [this.#outbox, this.#audit];
  readonly #changeListeners = new Set<(resource: string | null) => void>();
  #unsent = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: { url: string; logger: Logger }) {
    this.#connection = new ListenConnection({
      ...options,
      channels: [CHANGES_CHANNEL, ...this.#bells.map((bell) => bell.channel)],
      onNotification: (channel, payload) => this.#onNotification(channel, payload),
      onConnected: () => this.#onConnected(),
    });
  }

  /** Resolves when it listens; tries until it does. */
  start(): Promise<void> {
    return this.#connection.start();
  }

  /** Sends what is still to be sent, ends every wait, and closes the connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#send();
    await this.#connection.stop();
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter(false);
  }

  outboxFilled(): void {
    this.#outbox.ring();
    this.#sendSoon();
  }

  auditWritten(): void {
    this.#audit.ring();
    this.#sendSoon();
  }

  changed(resource: string): void {
    this.#unsent.add(this.#unsent.size < REMEMBERED_AT_MOST ? resource : EVERYTHING);
    this.#wake(resource);
    this.#sendSoon();
  }

  /**
   * Waits until a resource has changed, as far as this process knows.
   * Begin to wait before reading the resource, or a change between the two is missed.
   * @param timeoutMs milliseconds
   * @param signal ends the wait early
   * @returns whether to look again; true also where notifications may have been missed
   */
  wait(resource: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#stopped || signal?.aborted) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const giveUp = () => resolve(false);
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener('abort', giveUp);
    const forget = this.#addWaiter(resource, resolve);
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      forget();
    });
  }

  /**
   * @param listener called when there may be something in the outbox
   * @returns ends it
   */
  onOutbox(listener: () => void): () => void {
    return this.#outbox.onRing(listener);
  }

  /**
   * @param listener called when there may be entries of the audit log to seal
   * @returns ends it
   */
  onAudit(listener: () => void): () => void {
    return this.#audit.onRing(listener);
  }

  /**
   * For caches: every change, of this process and of others.
   * @param listener called with the resource, or with null where anything may have changed
   * @returns ends it
   */
  onChange(listener: (resource: string | null) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  #addWaiter(resource: string, waiter: Waiter): () => void {
    const waiters = this.#waiters.get(resource) ?? new Set();
    this.#waiters.set(resource, waiters.add(waiter));
    return () => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(resource) === waiters) this.#waiters.delete(resource);
    };
  }

  #onNotification(channel: string, payload: string): void {
    if (channel === CHANGES_CHANNEL) for (const resource of unpackResources(payload)) this.#wake(resource);
    else this.#bells.find((bell) => bell.channel === channel)?.tell();
  }

  #onConnected(): void {
    for (const bell of this.#bells) bell.tell();
    this.#wake(EVERYTHING);
    this.#sendSoon();
  }

  #wake(resource: string): void {
    const woken = resource === EVERYTHING ? [...this.#waiters.values()] : [this.#waiters.get(resource) ?? []];
    for (const waiters of woken) for (const waiter of waiters) waiter(true);
    for (const listener of this.#changeListeners) listener(resource === EVERYTHING ? null : resource);
  }

  #sendSoon(): void {
    if (this.#timer || this.#stopped || !this.#connection.connected) return;
    this.#timer = setTimeout(() => void this.#send(), GATHER_MS);
  }

  /** One at a time, so that what gathers while one batch is under way becomes the next. */
  #send(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending = this.#sending.then(() => this.#sendUnsent());
    return this.#sending;
  }

  async #sendUnsent(): Promise<void> {
    const resources = this.#unsent;
    const rung = this.#bells.filter((bell) => bell.isUnsent);
    if ((resources.size === 0 && rung.length === 0) || !this.#connection.connected) return;
    this.#unsent = new Set();
    for (const bell of rung) bell.isUnsent = false;
    const changes = packResources(resources).map((payload) => ({ channel: CHANGES_CHANNEL, payload }));
    try {
      await this.#connection.notify([...rung.map(({ channel }) => ({ channel, payload: '' })), ...changes]);
    } catch {
      // The connection is gone. What was not announced is announced again as soon as there is another one.
      for (const resource of resources) this.#unsent.add(resource);
      for (const bell of rung) bell.isUnsent = true;
    }
  }
}
