import { randomBytes } from 'node:crypto';
import { decrypt, encrypt } from '../../platform/crypto/aead.ts';
import type { MasterKey } from '../../platform/crypto/master-key.ts';
import { SEED_BYTES } from '../notes/ed25519.ts';
import { type SigningKey, signingKey } from '../notes/keys.ts';

/** What an organization's log is called in its checkpoints, and its key with it. */
export function logOrigin(organization: string): string {
  return `countersign/${organization}`;
}

/** The Ed25519 keys that sign the organizations' logs. At rest they are wrapped by the master secret. */
export class SigningKeys {
  readonly #wrapping: Buffer;
  readonly #opened = new Map<string, { readonly wrapped: Buffer; readonly key: SigningKey }>();

  constructor(master: MasterKey) {
    this.#wrapping = master.signing;
  }

  /** Makes a new key. It is the organization's only once it was stored. */
  make(organization: string): { readonly key: SigningKey; readonly wrapped: Buffer } {
    const seed = randomBytes(SEED_BYTES);
    return {
      key: signingKey(logOrigin(organization), seed),
      wrapped: encrypt(this.#wrapping, seed, place(organization)),
    };
  }

  /** @throws CannotDecrypt where the key was wrapped by another master secret, or belongs to another organization */
  open(organization: string, wrapped: Buffer): SigningKey {
    const known = this.#opened.get(organization);
    if (known?.wrapped.equals(wrapped)) return known.key;
    const key = signingKey(logOrigin(organization), decrypt(this.#wrapping, wrapped, place(organization)));
    this.#opened.set(organization, { wrapped, key });
    return key;
  }
}

function place(organization: string): string {
  return `audit_logs.signing_key:${organization}`;
}
