import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isUuid, newId, newSecret } from '../../src/platform/ids.ts';

const moments = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2200-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describe('ids', () => {
  test('are UUIDs of version 7 that hold their moment', () => {
    fc.assert(
      fc.property(moments, (at) => {
        const id = newId(at);
        expect(isUuid(id)).toBe(true);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(at.getTime());
      }),
    );
  });

  test('sort by their moment', () => {
    fc.assert(
      fc.property(moments, moments, (a, b) => {
        fc.pre(a.getTime() < b.getTime());
        expect(newId(a) < newId(b)).toBe(true);
      }),
    );
  });

  test('of one moment keep the order in which they were made', () => {
    const at = new Date('2026-11-23T10:00:00Z');
    for (let round = 0; round < 50; round += 1) {
      newId(new Date(round));
      const ids = Array.from({ length: 2_000 }, () => newId(at));
      expect(ids.toSorted()).toEqual(ids);
    }
  });

  test('are never made twice, however many share a moment', () => {
    const at = new Date('2026-11-23T10:00:00Z');
    const ids = Array.from({ length: 20_000 }, () => newId(at));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('a secret has 256 bits that fit into a URL', () => {
  const secrets = Array.from({ length: 1_000 }, newSecret);
  for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(new Set(secrets).size).toBe(secrets.length);
});
