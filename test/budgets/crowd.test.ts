import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCrowd } from './support/crowd.ts';

/** In each process; `npm run bench:budgets -- --only crowd` takes the thousand that were promised. */
const CLIENTS = 12;
const ROUNDS = 4;

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});

afterAll(() => testDatabase?.drop());

describe('many who reserve at the same moment in several processes, of which some are killed', () => {
  test.each([
    ['one row each', false],
    ['parts leased to teams', true],
  ])(
    'never hold and spend more than any budget above them has (%s)',
    async (_, shared) => {
      const { url, adminUrl } = testDatabase;
      const report = await runCrowd({ url, adminUrl, clients: CLIENTS, rounds: ROUNDS, shared });
      expect(report.looks).toBeGreaterThan(0);
      expect(report.turns).toBeGreaterThan(0);
      expect(report.wrong).toEqual([]);
      expect(report.late).toBe(0);
      expect(report.exitCodes).toEqual([0, 0]);
      expect(report.freed).toBeGreaterThan(0);
      expect(report.end.map(({ held }) => Number(held))).toEqual(report.end.map(() => 0));
      expect(report.counted).toBe(report.spent);
      expect(report.spent).toBeGreaterThan(0);
    },
    600_000,
  );
});
