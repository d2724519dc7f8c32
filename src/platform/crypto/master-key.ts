import { createHash, createHmac, hkdfSync } from 'node:crypto';

/**
 * The keys that are derived from the operator's master secret (HKDF-SHA-256, RFC 5869), one per purpose, so that what one
 * of them leaks says nothing about the others.
 */
export class MasterKey {
  /** Wraps the keys of people and organizations. */
  readonly wrapping: Buffer;
  /** Wraps the keys that sign audit logs. */
  readonly signing: Buffer;
  /** Encrypts what Temporal stores. */
  readonly payloads: Buffer;
  readonly #lookup: Buffer;
  readonly #forms: Buffer;

  /** @param secret 64 hexadecimal characters */
  constructor(secret: string) {
    const root = Buffer.from(secret, 'hex');
    if (root.length !== 32) throw new RangeError('the master secret must be 64 hexadecimal characters');
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', root, '', `countersign/${purpose}/v1`, 32));
    this.wrapping = derive('wrapping');
    this.signing = derive('signing');
    this.payloads = derive('payloads');
    this.#lookup = derive('lookup');
    this.#forms = derive('forms');
  }

  /**
   * The keyed hash by which something personal is found without being readable (an address, a user id).
   * @param scope whatever keeps equal values of different organizations or kinds apart
   */
  lookupHash(scope: string, value: string): Buffer {
    return createHmac('sha256', this.#lookup).update(`${scope}\0${value}`).digest();
  }

  /** The token that ties a form to the session it was shown in (against cross-site request forgery). */
  formToken(session: string): string {
    return createHmac('sha256', this.#forms).update(session).digest('base64url');
  }
}

/** SHA-256, for secrets of full entropy (keys, links), which need neither salt nor stretching. */
export function sha256(value: string | Uint8Array): Buffer {
  return createHash('sha256').update(value).digest();
}
