import { hash, type KeyObject } from 'node:crypto';
import { decodeBase64, MalformedBase64 } from './base64.ts';
import { privateKeyOf, PUBLIC_KEY_BYTES, publicBytesOf, publicKeyOf, SEED_BYTES } from './ed25519.ts';

/** What a key signs (C2SP signed-note, "Signature types"): notes of its own, or, as a witness, other people's checkpoints. */
export type KeyType = 'log' | 'witness';

const TYPE_BYTES: Readonly<Record<KeyType, number>> = { log: 0x01, witness: 0x04 };

/** Who may have signed. */
export interface VerifierKey {
  readonly name: string;
  /** 8 hexadecimal digits, made of name, type and key. Tells keys apart; proves nothing. */
  readonly id: string;
  readonly type: KeyType;
  readonly publicKey: KeyObject;
}

/** Who signs. */
export interface SigningKey extends VerifierKey {
  readonly privateKey: KeyObject;
}

/** This is no verifier key, no name for a key, or no seed of one. */
export class MalformedKey extends Error {
  readonly code = 'malformed-key';
}

/**
 * Reads a C2SP verifier key: `name+id+base64`, Ed25519, of a log or of a witness.
 * @throws MalformedKey
 */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
  if (name === undefined || id === undefined || encoded === undefined)
    throw new MalformedKey('a verifier key has the form name+id+base64');
  const bytes = decode(encoded);
  const type = typeOf(bytes[0]);
  if (bytes.length !== 1 + PUBLIC_KEY_BYTES) throw new MalformedKey('the public key does not have 32 bytes');
  const key = describe(name, type, bytes.subarray(1));
  if (key.id !== id) throw new MalformedKey('the id is not the one of this name and key: part of it was changed');
  return key;
}

/** The public half of a key as others are given it: `name+id+base64`. */
export function formatVerifierKey({ name, id, type, publicKey }: VerifierKey): string {
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-PUBLIC_KEY_BYTES);
  return `${name}+${id}+${Buffer.concat([Buffer.of(TYPE_BYTES[type]), bytes]).toString('base64')}`;
}

/**
 * @param name for a log: its origin
 * @param seed 32 random bytes, which are the secret
 * @throws MalformedKey
 */
export function signingKey(name: string, seed: Uint8Array, type: KeyType = 'log'): SigningKey {
  if (seed.length !== SEED_BYTES) throw new MalformedKey(`a key is made of ${SEED_BYTES} bytes`);
  const privateKey = privateKeyOf(seed);
  return { ...describe(name, type, publicBytesOf(privateKey)), privateKey };
}

/** Not empty, no white space, no plus (C2SP signed-note, "Format"). */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}\p{Cc}+]+$/u.test(name);
}

function describe(name: string, type: KeyType, publicBytes: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new MalformedKey('a key has a name without spaces and plus signs');
  return { name, id: keyId(name, type, publicBytes), type, publicKey: publicKeyOf(publicBytes) };
}

function keyId(name: string, type: KeyType, publicBytes: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(TYPE_BYTES[type]), publicBytes])).slice(
    0,
    8,
  );
}

function typeOf(byte: number | undefined): KeyType {
  if (byte === TYPE_BYTES.log) return 'log';
  if (byte === TYPE_BYTES.witness) return 'witness';
  throw new MalformedKey('the key is neither Ed25519 (1) nor an Ed25519 witness (4)');
}

function decode(encoded: string): Buffer {
  try {
    return decodeBase64(encoded);
  } catch (error) {
    if (error instanceof MalformedBase64) throw new MalformedKey('the public key is not base64');
    throw error;
  }
}
