import { describe, expect, test } from '@jest/globals';
import { ServiceError } from '@temporalio/client';
import { isServerAway } from '../../src/platform/temporal/away.ts';

/** An error as gRPC gives it. */
const failed = (code: number) => Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} });

describe('Temporal is taken for away', () => {
  test.each([
    ['DEADLINE_EXCEEDED', 4],
    ['RESOURCE_EXHAUSTED', 8],
    ['UNAVAILABLE', 14],
  ])('where a call ends with %s, wrapped or not', (_, code) => {
    expect(isServerAway(failed(code))).toBe(true);
    expect(isServerAway(new ServiceError('Failed to update schedule', { cause: failed(code) }))).toBe(true);
  });

  test.each([
    ['CANCELLED', 1],
    ['UNKNOWN', 2],
    ['INVALID_ARGUMENT', 3],
    ['NOT_FOUND', 5],
    ['PERMISSION_DENIED', 7],
    ['FAILED_PRECONDITION', 9],
    ['UNIMPLEMENTED', 12],
    ['INTERNAL', 13],
  ])('by no answer that may be about the call itself: %s', (_, code) => {
    expect(isServerAway(failed(code))).toBe(false);
    expect(isServerAway(new ServiceError('Failed to update schedule', { cause: failed(code) }))).toBe(false);
  });

  test('by nothing else', () => {
    for (const error of [new TypeError('unknown time zone'), new ServiceError('Unexpected error'), null, undefined])
      expect(isServerAway(error)).toBe(false);
  });
});
