import { describe, expect, test } from '@jest/globals';
import { readEvent } from '../../src/usage/event-reader.ts';
import { Rejection } from '../../src/usage/rejection.ts';

const NOW = new Date('2026-11-23T12:00:00.000Z');
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

function at(ms: number, write = (time: Date) => time.toISOString()) {
  return readEvent(
    {
      id: '1',
      team_id: 'research',
      user_id: 'ana',
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 1,
      output_tokens: 1,
      occurred_at: write(new Date(NOW.getTime() + ms)),
    },
    NOW,
  );
}

describe('the time of an event', () => {
  test.each([
    ['90 days ago', -90 * DAY],
    ['now', 0],
    ['10 minutes ahead', 10 * MINUTE],
  ])('may be %s', (_, ms) => {
    expect(at(ms)).toMatchObject({ occurredAt: new Date(NOW.getTime() + ms) });
  });

  test.each([
    ['longer ago than 90 days', -90 * DAY - 1],
    ['more than 10 minutes ahead', 10 * MINUTE + 1],
  ])('may not be %s, by a millisecond', (_, ms) => {
    const read = at(ms);
    expect(read).toBeInstanceOf(Rejection);
    expect(read).toMatchObject({ code: 'invalid-request', errors: [{ path: 'occurred_at' }] });
  });

  test('may be written with the offset of a time zone', () => {
    const berlin = (time: Date) => new Date(time.getTime() + 60 * MINUTE).toISOString().replace('Z', '+01:00');
    const newYork = (time: Date) => new Date(time.getTime() - 300 * MINUTE).toISOString().replace('.000Z', '-05:00');
    for (const write of [berlin, newYork]) expect(at(-DAY, write)).toEqual(at(-DAY));
    expect(at(-90 * DAY, berlin)).toEqual(at(-90 * DAY));
    expect(at(10 * MINUTE + 1, berlin)).toBeInstanceOf(Rejection);
  });
});
