import { isEd25519Signature, signEd25519 } from './ed25519.ts';
import type { SigningKey, VerifierKey } from './keys.ts';

/** That a log signed a checkpoint right after another one. */
export interface CheckpointLink {
  /** Which log. */
  readonly origin: string;
  readonly size: number;
  /** The size of the checkpoint before; 0 for the first one. */
  readonly previous: number;
}

/** Begins what no checkpoint, whose first line is an origin, and no line of a bundle begins with. */
const TAG = 'countersign-checkpoint-link/1';

/** @returns 64 bytes, Ed25519 over four lines: the tag, the origin, both sizes */
export function signLink(link: CheckpointLink, key: SigningKey): Uint8Array {
  return signEd25519(textOf(link), key.privateKey);
}

/** Whether the log with this key says so. */
export function isLink(link: CheckpointLink, key: VerifierKey, signature: Uint8Array): boolean {
  return isEd25519Signature(textOf(link), key.publicKey, signature);
}

function textOf({ origin, size, previous }: CheckpointLink): string {
  return `${TAG}\n${origin}\n${previous}\n${size}\n`;
}
