import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { inParallel } from './concurrency.ts';

/** The columns of the ledger that an event fills, as PostgreSQL types. */
const COLUMNS = [
  'uuid',
  'uuid',
  'uuid',
  'text',
  'text',
  'bigint',
  'bigint',
  'bigint',
  'numeric',
  'text',
  'text',
  'int',
  'boolean',
  'timestamptz',
];

/**
 * The least that could be done with the same events: multi-row inserts of as many rows with the same unique key, from Node,
 * with a driver and nothing else. No HTTP, no validation, no prices, no rollups, no audit.
 */
export class UsageFloor {
  readonly #pool: Pool;
  readonly #organization = randomUUID();

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  static async open(adminUrl: string, connections: number): Promise<UsageFloor> {
    const pool = new Pool({ connectionString: adminUrl, max: connections });
    const columns = COLUMNS.map((type, index) => `c${index} ${type}`).join(', ');
    await pool.query(
      `create table if not exists public.bench_floor (organization_id uuid not null, key uuid not null, ${columns}, primary key (organization_id, key))`,
    );
    return new UsageFloor(pool);
  }

  /** @returns rows a second */
  async round(batches: number, perBatch: number, clients: number): Promise<number> {
    const prepared = Array.from({ length: batches }, () => this.#batch(perBatch));
    const began = performance.now();
    await inParallel(batches, clients, async (index) => {
      await this.#pool.query(INSERT, prepared[index]);
    });
    return (batches * perBatch * 1_000) / (performance.now() - began);
  }

  #batch(rows: number): unknown[] {
    const now = new Date().toISOString();
    const fill = (value: () => string) => `{${Array.from({ length: rows }, value).join(',')}}`;
    const one: Record<string, () => string> = {
      uuid: () => randomUUID(),
      text: () => 'claude-sonnet-4-5',
      bigint: () => '4096',
      numeric: () => '0.012345678',
      int: () => '1200',
      boolean: () => 'true',
      timestamptz: () => now,
    };
    return [this.#organization, fill(() => randomUUID()), ...COLUMNS.map((type) => fill(one[type]!))];
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

const INSERT = `insert into public.bench_floor select $1::uuid, * from unnest($2::uuid[], ${COLUMNS.map((type, index) => `$${index + 3}::${type}[]`).join(', ')}) on conflict do nothing`;
