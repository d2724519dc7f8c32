import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
/** Standard Webhooks, "Signature scheme": 24 to 64 bytes. */
const SECRET_BYTES = { fewest: 24, most: 64 };
export const MADE_SECRET_BYTES = 32;

/**
 * A webhook's secret as its receiver is shown it.
 * @param key 24 to 64 random bytes
 * @throws RangeError
 */
export function secretFrom(key: Uint8Array): string {
  if (key.length < SECRET_BYTES.fewest || key.length > SECRET_BYTES.most)
    throw new RangeError('a webhook secret has 24 to 64 bytes');
  return PREFIX + Buffer.from(key).toString('base64');
}

/**
 * The headers that let a receiver check who sent a message, and when (Standard Webhooks 1.0.0, HMAC-SHA256).
 * @param secret `whsec_` and base64
 * @param id the same for every attempt at the same event, so that a receiver sees it once
 * @param at the moment of this attempt: a receiver refuses old ones, which somebody may have recorded
 * @param body exactly as it is sent
 */
export function signatureHeaders(secret: string, id: string, at: Date, body: string): Record<string, string> {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const timestamp = Math.floor(at.getTime() / 1000);
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}
