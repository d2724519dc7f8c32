import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addDuration, InvalidDurationError, parseDuration } from '../../src/platform/duration.ts';

describe('parseDuration', () => {
  test.each([
    ['PT1S', 0, 1],
    ['PT4H', 0, 14_400],
    ['P3D', 3, 0],
    ['P1DT2H', 1, 7_200],
    ['P2W', 14, 0],
    ['P1W2DT3H4M5S', 9, 11_045],
    ['PT90M', 0, 5_400],
    ['P365D', 365, 0],
    ['PT31536000S', 0, 31_536_000],
  ])('reads %s as %i days and %i seconds', (text, days, seconds) => {
    expect(parseDuration(text)).toEqual({ days, seconds });
  });

  test.each([
    '',
    'P',
    'PT',
    'P1DT',
    '4H',
    'pt4h',
    'P1Y',
    'P1M',
    'P1Y2D',
    'PT0.5H',
    'PT1.0S',
    'PT1,5S',
    '-PT1H',
    'P-1D',
    '+P1D',
    'PT1H ',
    'PT1H\n',
    'PT1M1H',
    'P1D2W',
    'PT٤H',
    `PT${'9'.repeat(400)}S`,
    'one day',
  ])('refuses %j, which is not written as a duration', (text) => {
    expect(() => parseDuration(text)).toThrow(
      expect.objectContaining({ code: 'invalid-duration', message: expect.stringContaining('such as PT4H') }),
    );
  });

  test.each(['PT0S', 'P0D', 'P0W', 'P365DT1S', 'P366D', 'PT31536001S', 'P53W', 'P99999999W'])(
    'refuses %s, which is too short or too long',
    (text) => {
      expect(() => parseDuration(text)).toThrow(InvalidDurationError);
      expect(() => parseDuration(text)).toThrow('at most 365 days');
    },
  );

  test('reads back whatever is written from whole numbers', () => {
    const numbers = fc.record({ days: fc.integer({ min: 0, max: 364 }), seconds: fc.integer({ min: 1, max: 86_400 }) });
    fc.assert(
      fc.property(numbers, (duration) => {
        expect(parseDuration(`P${duration.days}DT${duration.seconds}S`)).toEqual(duration);
      }),
    );
  });
});

describe('addDuration', () => {
  test('counts a day as 24 hours, also where the clocks change', () => {
    const beforeTheClocksChangeInBerlin = new Date('2026-10-24T12:00:00Z');
    expect(addDuration(beforeTheClocksChangeInBerlin, parseDuration('P1DT1H'))).toEqual(
      new Date('2026-10-25T13:00:00Z'),
    );
  });

  test('leaves the moment it starts from as it is', () => {
    const at = new Date('2026-01-01T00:00:00.123Z');
    expect(addDuration(at, parseDuration('PT1S'))).toEqual(new Date('2026-01-01T00:00:01.123Z'));
    expect(at).toEqual(new Date('2026-01-01T00:00:00.123Z'));
  });
});
