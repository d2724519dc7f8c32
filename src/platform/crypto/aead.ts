import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What was to be opened was changed, cut short, moved to another place, or closed with another key. */
export class CannotDecrypt extends Error {
  readonly code = 'cannot-decrypt';
  constructor() {
    super('a sealed value does not open: it was changed, or belongs to another place or key');
  }
}

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce: nonce, ciphertext, tag.
 * @param context bound to the ciphertext, so that it opens at its own place only
 */
export function encrypt(key: Uint8Array, plaintext: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws CannotDecrypt */
export function decrypt(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new CannotDecrypt();
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    throw new CannotDecrypt();
  }
}
