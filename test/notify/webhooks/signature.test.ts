import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { secretFrom, signatureHeaders } from '../../../src/notify/webhooks/signature.ts';

describe('a signature', () => {
  test('is accepted by the reference library, whatever the body and the length of the secret', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 24, max: 64 }), (body, length) => {
        const secret = secretFrom(randomBytes(length));
        const headers = signatureHeaders(secret, randomUUID(), new Date(), body);
        expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
      }),
    );
  });

  test('is refused for another body, id, time or secret', () => {
    const secret = secretFrom(randomBytes(32));
    const headers = signatureHeaders(secret, 'event-1', new Date(), '{"a":1}');
    const refused = (body: string, changed: Record<string, string>, by = secret) =>
      expect(() => new Webhook(by).verify(body, { ...headers, ...changed })).toThrow(WebhookVerificationError);
    expect(new Webhook(secret).verify('{"a":1}', headers)).toEqual({ a: 1 });
    refused('{"a":2}', {});
    refused('{"a":1}', { 'webhook-id': 'event-2' });
    refused('{"a":1}', { 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) });
    refused('{"a":1}', {}, secretFrom(randomBytes(32)));
  });

  test('of an old attempt is refused as a recording', () => {
    const secret = secretFrom(randomBytes(32));
    const headers = signatureHeaders(secret, 'event-1', new Date(Date.now() - 10 * 60_000), '{}');
    expect(() => new Webhook(secret).verify('{}', headers)).toThrow(/too old/);
  });
});

test('a secret outside of 24 to 64 bytes is refused', () => {
  expect(() => secretFrom(randomBytes(23))).toThrow(RangeError);
  expect(() => secretFrom(randomBytes(65))).toThrow(RangeError);
  expect(secretFrom(Buffer.alloc(24))).toBe(`whsec_${'A'.repeat(32)}`);
});
