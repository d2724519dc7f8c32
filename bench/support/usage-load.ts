import { Pool } from 'undici';
import { z } from 'zod';
import { inParallel } from './concurrency.ts';
import { type EventPlan, makeDisorder, makeEvents } from './usage-events.ts';

const result = z.object({ accepted: z.number(), duplicates: z.number(), rejected: z.array(z.unknown()) });

/** The part of disorderly events that come twice. */
const REPEATED = 0.2;

export interface IntakeRound {
  readonly perSecond: number;
  /** How long each request took, in milliseconds. */
  readonly requests: readonly number[];
}

/** Reports usage over HTTP, in batches that were written before the clock runs. */
export class UsageLoad {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #plan: EventPlan;
  #rounds = 0;

  constructor(parts: { baseUrl: string; key: string; connections: number; plan: EventPlan }) {
    this.#pool = new Pool(parts.baseUrl, { connections: parts.connections, pipelining: 1 });
    this.#headers = { authorization: `Bearer ${parts.key}`, 'content-type': 'application/json' };
    this.#plan = parts.plan;
  }

  /** @throws Error unless every event is accepted */
  async round(batches: number, perBatch: number, clients: number): Promise<IntakeRound> {
    this.#rounds += 1;
    const bodies = Array.from({ length: batches }, (_, index) =>
      Buffer.from(JSON.stringify({ events: makeEvents(this.#plan, perBatch, `${this.#rounds}-${index}`) })),
    );
    const requests: number[] = [];
    const began = performance.now();
    await inParallel(batches, clients, async (index) => {
      const sent = performance.now();
      const { accepted } = await this.send(bodies[index]!);
      if (accepted !== perBatch) throw new Error(`of ${perBatch} events ${accepted} were accepted`);
      requests.push(performance.now() - sent);
    });
    return { perSecond: (batches * perBatch * 1_000) / (performance.now() - began), requests };
  }

  /**
   * Reports events late, in any order, and a fifth of them twice, several requests at a time.
   * @returns how many were booked, and how many were known
   * @throws Error unless each is booked once
   */
  async disorder(count: number, perBatch: number, clients: number): Promise<{ accepted: number; duplicates: number }> {
    const events = makeDisorder(this.#plan, count, REPEATED, 'disorder');
    const batches = Math.ceil(events.length / perBatch);
    let [accepted, duplicates] = [0, 0];
    await inParallel(batches, clients, async (index) => {
      const batch = events.slice(index * perBatch, (index + 1) * perBatch);
      const answer = await this.send(Buffer.from(JSON.stringify({ events: batch })));
      accepted += answer.accepted;
      duplicates += answer.duplicates;
    });
    if (accepted !== count || duplicates !== events.length - count)
      throw new Error(
        `of ${count} events ${accepted} were booked, and ${duplicates} of ${events.length - count} known`,
      );
    return { accepted, duplicates };
  }

  async send(body: Buffer): Promise<z.infer<typeof result>> {
    const response = await this.#pool.request({ method: 'POST', path: '/api/v1/usage', headers: this.#headers, body });
    const text = await response.body.text();
    if (response.statusCode !== 200)
      throw new Error(`usage was answered with ${response.statusCode}: ${text.slice(0, 300)}`);
    return result.parse(JSON.parse(text));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
