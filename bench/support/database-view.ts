import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

const LOOK_AGAIN_MS = 100;

/** Looks at what the product has stored, of every organization. */
export class DatabaseView {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** @param adminUrl a superuser's */
  static async open(adminUrl: string): Promise<DatabaseView> {
    const client = new Client({ connectionString: adminUrl });
    // Where PostgreSQL is stopped first, the next look fails; without a listener the process would.
    client.on('error', () => undefined);
    await client.connect();
    return new DatabaseView(client);
  }

  async rows<Row extends object>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(sql, [...params])).rows;
  }

  /** A single number, such as a count. */
  async number(sql: string, params: readonly unknown[] = []): Promise<number> {
    const [row] = await this.rows<Record<string, unknown>>(sql, params);
    return Number(Object.values(row ?? {})[0]);
  }

  /** Waits until everything that was to happen after a commit has happened: mails, webhooks, receipts. */
  untilOutboxEmpty(withinMs: number): Promise<void> {
    return this.#untilNone('select count(*) from countersign.outbox', 'messages are still in the outbox', withinMs);
  }

  /** Waits until every entry of the audit log has its place in the tree. */
  untilSealed(withinMs: number): Promise<void> {
    return this.#untilNone(
      'select count(*) from countersign.audit_pending',
      'entries still wait to be sealed',
      withinMs,
    );
  }

  close(): Promise<void> {
    return this.#client.end();
  }

  async #untilNone(count: string, what: string, withinMs: number): Promise<void> {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const left = await this.number(count);
      if (left === 0) return;
      if (performance.now() > giveUpAt) throw new Error(`${left} ${what} after ${withinMs / 1000} s`);
      await pause(LOOK_AGAIN_MS);
    }
  }
}
