import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { isModel, undatedModel } from '../../src/usage/rules/model-names.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const PAIRS_AT_ONCE = 500;
const RUNS = 40;

let testDatabase: TestDatabase;
let admin: Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await testDatabase?.drop();
});

/** Whatever PostgreSQL can store as text, of more than one byte a character too. */
const anyText = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.replaceAll('\0', ''));
const number = (min: number, max: number, digits: number) =>
  fc.integer({ min, max }).map((value) => String(value).padStart(digits, '0'));
/** Dates that there are, those that there are not by a little, and what stands in between. */
const ending = fc
  .tuple(
    fc.constantFrom('-', '@', '', '--', ':'),
    fc.oneof(number(1995, 2105, 4), number(2020, 2030, 4)),
    fc.constantFrom('-', '', '@'),
    number(0, 14, 2),
    number(0, 33, 2),
    fc.constantFrom('', '', '', '-v1:0', '-v2:0', '-v12:34', '-v:0', '-v1', ':0', '\n', '-preview'),
  )
  .map(([before, year, between, month, day, after]) => `${before}${year}${between}${month}${between}${day}${after}`);
const name = fc
  .tuple(
    fc.oneof(fc.constantFrom('gpt-4o', 'claude-sonnet-4-5', 'a.b', 'a_b', 'a%', '\\', ''), anyText),
    fc.array(ending, { maxLength: 2 }),
  )
  .map(([base, endings]) => base + endings.join(''));
/** Two names that mostly have something in common. */
const pair = fc.oneof(
  fc.tuple(name, name),
  fc.tuple(name, ending).map(([wanted, more]) => [wanted, wanted + more] as const),
  fc.tuple(name, anyText).map(([wanted, more]) => [wanted, wanted + more] as const),
  name.map((reported) => [undatedModel(reported), reported] as const),
);

interface Judged {
  readonly undated: string;
  readonly is: boolean;
  readonly is_one: boolean;
}

async function judgedInSql(pairs: readonly (readonly [string, string])[], others: readonly string[]) {
  const { rows } = await admin.query<Judged>(
    `select countersign.undated_model(reported) as undated, countersign.is_model(wanted, reported) as is, countersign.is_one_of_models($3::text[] || wanted, reported) as is_one
     from unnest($1::text[], $2::text[]) with ordinality as t(wanted, reported, place) order by place`,
    [pairs.map(([wanted]) => wanted), pairs.map(([, reported]) => reported), others],
  );
  return rows;
}

describe('the names of models', () => {
  test('are compared in the database as the rules compare them', async () => {
    const seen = { same: 0, dated: 0, other: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair, { minLength: PAIRS_AT_ONCE, maxLength: PAIRS_AT_ONCE }),
        fc.array(name, { maxLength: 2 }),
        async (pairs, others) => {
          const expected = pairs.map(([wanted, reported]) => ({
            undated: undatedModel(reported),
            is: isModel(wanted, reported),
            is_one: [...others, wanted].some((one) => isModel(one, reported)),
          }));
          for (const [index, { is }] of expected.entries())
            seen[!is ? 'other' : pairs[index]![0] === pairs[index]![1] ? 'same' : 'dated'] += 1;
          expect(await judgedInSql(pairs, others)).toEqual(expected);
        },
      ),
      { numRuns: RUNS },
    );
    // It would say little if hardly any of them were snapshots.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan((RUNS * PAIRS_AT_ONCE) / 200);
  });

  test('say nothing where there is none', async () => {
    const { rows } = await admin.query<Judged>(
      `select countersign.is_model(null, 'm') as is, countersign.is_one_of_models('{}', 'm') as is_one union all select countersign.is_model('m', null), countersign.is_one_of_models('{m}', null)`,
    );
    expect(rows.some((row) => row.is || row.is_one)).toBe(false);
  });

  test('are compared within the queries that do so: no function is called', async () => {
    const { rows } = await admin.query<{ 'QUERY PLAN': string }>(
      `explain (verbose) select from countersign.budgets b, countersign.budget_periods p, countersign.reservations r
       where countersign.is_model(b.model, r.model) and countersign.is_one_of_models(p.free_models, r.model)`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('starts_with');
    expect(plan).not.toMatch(/is_model|is_one_of_models|undated_model/);
  });
});
