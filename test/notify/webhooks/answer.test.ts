import { describe, expect, test } from '@jest/globals';
import { connectionFailure, meaningOf, retryAfter } from '../../../src/notify/rules/webhook-answer.ts';

test.each([
  [200, 'accepted'],
  [204, 'accepted'],
  [299, 'accepted'],
  [410, 'gone'],
  [301, 'again'],
  [307, 'again'],
  [400, 'again'],
  [401, 'again'],
  [404, 'again'],
  [429, 'again'],
  [500, 'again'],
  [503, 'again'],
])('%d means %s', (status, meaning) => {
  expect(meaningOf(status)).toBe(meaning);
});

describe('Retry-After', () => {
  const now = new Date('2026-11-23T09:00:00Z');
  const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  test.each<[string | undefined, Date | null]>([
    ['120', inSeconds(120)],
    ['Mon, 23 Nov 2026 09:10:00 GMT', inSeconds(600)],
    ['999999', inSeconds(3_600)],
    ['Tue, 23 Nov 2027 09:00:00 GMT', inSeconds(3_600)],
    [undefined, null],
    ['', null],
    ['0', null],
    ['-5', null],
    ['soon', null],
    ['99999999999999999999', null],
    ['Mon, 23 Nov 2020 09:00:00 GMT', null],
  ])('%j', (header, expected) => {
    expect(retryAfter(header, now)).toEqual(expected);
  });
});

describe('a request that was not answered', () => {
  const withCode = (code: string) => Object.assign(new Error('connect to secret.example failed'), { code });
  test.each([
    ['ENOTFOUND', 'name-not-resolved'],
    ['ECONNREFUSED', 'connection-refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['ECONNRESET', 'connection-lost'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls-failed'],
    ['CERT_HAS_EXPIRED', 'tls-failed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-failed'],
    ['address-not-allowed', 'address-not-allowed'],
    ['ESOMETHING', 'connection-failed'],
  ])('%s is told as %s', (code, told) => {
    expect(connectionFailure(withCode(code))).toBe(told);
  });

  test('of several addresses, the first tells', () => {
    expect(connectionFailure(new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')]))).toBe(
      'connection-refused',
    );
  });

  test('whatever was thrown, its text is not told', () => {
    for (const thrown of [undefined, null, 'secret.example', new Error('secret.example'), { code: 7 }])
      expect(connectionFailure(thrown)).toBe('connection-failed');
  });
});
