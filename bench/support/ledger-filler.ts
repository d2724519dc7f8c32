import type { Progress } from '../../src/platform/embedded/progress.ts';
import type { DatabaseView } from './database-view.ts';

const LINES_AT_ONCE = 500_000;

/**
 * Fills the ledger with copies of lines that were booked, as if they had come one after the other over the last 30 days, and counts the rollups anew: as
 * many lines as months of real use leave behind. Only a superuser can write around the product like this.
 */
export async function fillLedger(database: DatabaseView, lines: number, progress: Progress): Promise<void> {
  const columns = (
    await database.rows<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'countersign.ledger_lines'::regclass and attnum > 0`,
    )
  ).map(({ name }) => name);
  const copied = columns.map((name) =>
    name === 'id'
      ? 'uuidv7()'
      : name === 'occurred_at'
        ? `now() - interval '30 days' * (1 - (($1::float8 + n) / $2::float8))`
        : `l.${name}`,
  );
  await database.rows(
    'create table public.bench_sample as select *, row_number() over () as nr from (select * from countersign.ledger_lines limit 20000) l',
  );
  const there = await database.number('select count(*) from countersign.ledger_lines');
  for (let made = there; made < lines; made += LINES_AT_ONCE) {
    const count = Math.min(LINES_AT_ONCE, lines - made);
    await database.rows(
      `insert into countersign.ledger_lines (${columns.join(', ')})
       select ${copied.join(', ')} from generate_series(1, $3::int) as n join public.bench_sample l on l.nr = 1 + n % (select count(*) from public.bench_sample)`,
      [made, lines, count],
    );
    progress(`  ${made + count} lines in the ledger`);
  }
  for (const [table, length] of [
    ['usage_rollups', 'hour'],
    ['usage_days', 'day'],
  ]) {
    await database.rows(`truncate countersign.${table}`);
    await database.rows(
      `insert into countersign.${table}
       select organization_id, team_id, date_trunc('${length}', occurred_at, 'UTC'), person_id, provider, model, currency, count(*), count(*) filter (where not success), count(*) filter (where cost is null),
         sum(input_tokens), sum(cached_input_tokens), sum(cache_write_tokens), sum(input_audio_tokens), sum(output_tokens), sum(reasoning_tokens), sum(output_audio_tokens), coalesce(sum(cost), 0),
         count(latency_ms), coalesce(sum(latency_ms), 0), array_fill(count(latency_ms) / 25, array[25])
       from countersign.ledger_lines group by 1, 2, 3, 4, 5, 6, 7`,
    );
    await database.rows(`vacuum analyze countersign.${table}`);
  }
}
