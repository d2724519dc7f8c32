import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DatabaseView } from '../../bench/support/database-view.ts';
import { compareRollups } from '../../bench/support/rollup-comparison.ts';
import { event, Office } from './api/support/office.ts';

let office: Office;
let database: DatabaseView;

beforeAll(async () => {
  office = await Office.open();
  database = await DatabaseView.open(office.system.databaseAdminUrl);
  await office.report(
    ['ana', 'ben'].flatMap((user) => ['gpt-4o', 'o3'].map((model) => event({ user_id: user, model, latency_ms: 70 }))),
  );
});

afterAll(async () => {
  await database?.close();
  await office?.close();
});

test('what the bench compares finds a sum that is wrong, a key that is missing, and what a team’s total does not show', async () => {
  expect(await compareRollups(database)).toEqual({ rollups: 8, wrong: 0 });
  await database.rows(
    `update countersign.usage_rollups set output_tokens = output_tokens + case when person_id = (select min(person_id::text)::uuid from countersign.usage_rollups) then 1 else -1 end where model = 'o3'`,
  );
  expect(await compareRollups(database)).toEqual({ rollups: 8, wrong: 2 });
  await database.rows(`update countersign.usage_rollups set model = 'o4' where model = 'o3'`);
  expect(await compareRollups(database)).toEqual({ rollups: 8, wrong: 4 });
  await database.rows(`update countersign.usage_rollups set latency_buckets[1] = 9 where model = 'gpt-4o'`);
  expect(await compareRollups(database)).toEqual({ rollups: 8, wrong: 6 });
});
