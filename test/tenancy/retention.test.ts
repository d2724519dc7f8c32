import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergeSettings } from '../../src/tenancy/rules/merge-settings.ts';
import { FRAMEWORKS, keptUntil, RETENTION_RULES } from '../../src/tenancy/rules/retention.ts';

const END_OF_JANUARY = new Date('2024-02-01T00:00:00Z');
const anyMonthEnd = fc
  .record({ year: fc.integer({ min: 1990, max: 2090 }), month: fc.integer({ min: 0, max: 11 }) })
  .map(({ year, month }) => new Date(Date.UTC(year, month, 1)));
const anyChoice = fc.record({
  frameworks: fc.option(fc.subarray(FRAMEWORKS), { nil: undefined }),
  days: fc.option(fc.integer({ min: 30, max: 36_525 }), { nil: undefined }),
});

describe('a month is kept', () => {
  test.each([
    [{ frameworks: ['hipaa' as const] }, '2030-02-01'],
    [{ frameworks: ['pci_dss' as const, 'hipaa' as const] }, '2030-02-01'],
    [{ frameworks: ['hipaa' as const], days: 30 }, '2030-02-01'],
    [{ days: 30 }, '2024-03-02'],
    [{ frameworks: [], days: 30 }, '2024-03-02'],
    [{}, '2031-02-01'],
    [{ frameworks: [] }, '2031-02-01'],
    [{ frameworks: ['soc2' as const], days: 3_650 }, '2034-01-29'],
  ])('with %j until %s', (choice, until) => {
    expect(keptUntil(END_OF_JANUARY, choice).toISOString().slice(0, 10)).toBe(until);
  });

  test('no shorter than anything that was chosen, and exactly as long as one of it', () => {
    fc.assert(
      fc.property(anyMonthEnd, anyChoice, (end, choice) => {
        const until = keptUntil(end, choice);
        expect(until > end).toBe(true);
        const each = [
          ...(choice.frameworks ?? []).map((framework) => ({ frameworks: [framework] })),
          ...(choice.days === undefined ? [] : [{ days: choice.days }]),
        ].map((one) => keptUntil(end, one).getTime());
        if (each.length > 0) expect(until.getTime()).toBe(Math.max(...each));
      }),
    );
  });

  test('by rules that say where they stand', () => {
    expect(RETENTION_RULES.hipaa).toEqual({ months: 72, source: expect.stringContaining('45 CFR 164.316') });
    for (const { months, source } of Object.values(RETENTION_RULES))
      expect({ months: months > 0, source: source.length > 20 }).toEqual({ months: true, source: true });
  });

  test('that stand in the docs as they are', () => {
    const document = readFileSync(new URL('../../docs/AUDIT.md', import.meta.url), 'utf8');
    const [, table = ''] = /<!-- retention -->([^]*)<!-- end of retention -->/.exec(document) ?? [];
    const rows = [...table.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)].map(([, name, months, source]) => [
      name,
      { months: Number(months), source },
    ]);
    expect(Object.fromEntries(rows)).toEqual(RETENTION_RULES);
  });
});

describe('settings', () => {
  const anyTree = fc.letrec<{ tree: object }>((tie) => ({
    tree: fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof({ maxDepth: 3 }, fc.integer(), fc.array(fc.integer(), { maxLength: 2 }), tie('tree')),
      { noNullPrototype: true },
    ),
  })).tree;

  test('that are changed by nothing stay as they are; what is set is there afterwards; what is null is gone', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (settings, change) => {
        expect(mergeSettings(settings, {})).toEqual(settings);
        const merged = mergeSettings<object>(settings, change);
        expect(merged).toMatchObject(change);
        expect(mergeSettings<object>(merged, change)).toEqual(merged);
        expect(
          mergeSettings<object>(settings, Object.fromEntries(Object.keys(settings).map((name) => [name, null]))),
        ).toEqual({});
      }),
    );
  });
});
