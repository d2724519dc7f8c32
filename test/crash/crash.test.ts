import { describe, expect, test } from '@jest/globals';
import { crashRun } from './crash-run.ts';

const SETTLES_WITHIN_MS = 90_000;
const ENDS_WITHIN_MS = 180_000;

describe('kill -9 of API, worker, Temporal and PostgreSQL under requests in flight', () => {
  test(
    'loses no acknowledged decision, doubles none, and leaves nothing stuck',
    async () => {
      const { checks } = await crashRun({
        seed: 20_261,
        kills: 6,
        approvals: 25,
        progress: () => undefined,
        settleWithinMs: SETTLES_WITHIN_MS,
      });
      expect(checks.filter(({ violations }) => violations.length > 0)).toEqual([]);
    },
    ENDS_WITHIN_MS,
  );
});
