import type { KeyObject } from 'node:crypto';
import { isEd25519Signature, SIGNATURE_BYTES, signEd25519 } from './ed25519.ts';

const TIMESTAMP_BYTES = 8;

/** This is no cosignature: it does not hold a time and a signature. */
export class MalformedCosignature extends Error {
  readonly code = 'malformed-cosignature';
  constructor() {
    super('a cosignature is a time of 8 bytes and a signature of 64');
  }
}

/**
 * A witness's signature under a checkpoint (C2SP tlog-cosignature, Ed25519): at that time, this was the largest tree of the
 * log that the witness had seen, and it began with every smaller one that it had seen.
 * @param text the body of the checkpoint
 * @param at to the second
 */
export function cosign(text: string, key: KeyObject, at: Date): Uint8Array {
  const seconds = Math.floor(at.getTime() / 1000);
  const timestamp = Buffer.alloc(TIMESTAMP_BYTES);
  timestamp.writeBigUInt64BE(BigInt(seconds));
  return Buffer.concat([timestamp, signEd25519(messageAt(BigInt(seconds), text), key)]);
}

export function isCosignature(text: string, key: KeyObject, signature: Uint8Array): boolean {
  if (signature.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) return false;
  return isEd25519Signature(messageAt(secondsOf(signature), text), key, signature.subarray(TIMESTAMP_BYTES));
}

/**
 * When a cosignature was made, as the witness says.
 * @throws MalformedCosignature
 */
export function cosignedAt(signature: Uint8Array): Date {
  if (signature.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) throw new MalformedCosignature();
  const at = new Date(Number(secondsOf(signature)) * 1000);
  if (Number.isNaN(at.getTime())) throw new MalformedCosignature();
  return at;
}

/** The first line keeps a cosignature from being taken for anything else that the same key might sign. */
function messageAt(seconds: bigint, text: string): string {
  return `cosignature/v1\ntime ${seconds}\n${text}`;
}

function secondsOf(signature: Uint8Array): bigint {
  return Buffer.from(signature.buffer, signature.byteOffset, TIMESTAMP_BYTES).readBigUInt64BE();
}
