import { HASH_BYTES } from '../merkle.ts';
import { decodeBase64, MalformedBase64 } from './base64.ts';
import { cosign, cosignedAt } from './cosignature.ts';
import type { SigningKey, VerifierKey } from './keys.ts';
import {
  MalformedNote,
  openNote,
  parseNote,
  type Signature,
  signatureBy,
  signNote,
  UnverifiedNote,
} from './signed-note.ts';

/** What a log commits to: these are all its entries, in this order. */
export interface TreeHead {
  /** Which log. */
  readonly origin: string;
  /** How many entries. */
  readonly size: number;
  readonly root: Uint8Array;
}

/** The body of a checkpoint (C2SP tlog-checkpoint): three lines, no extensions. */
export function formatCheckpoint({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/**
 * Reads the body of a checkpoint. Extension lines, which nobody can check, are not read over but refused.
 * @throws MalformedNote
 */
export function parseCheckpoint(text: string): TreeHead {
  const [, origin, size, root] = /^([^\n]+)\n(0|[1-9][0-9]*)\n([^\n]+)\n$/.exec(text) ?? [];
  if (origin === undefined || size === undefined || root === undefined)
    throw new MalformedNote('a checkpoint has three lines: origin, size, root');
  if (!Number.isSafeInteger(Number(size)))
    throw new MalformedNote('the checkpoint is of a larger tree than there can be');
  return { origin, size: Number(size), root: decodeRoot(root) };
}

/** A checkpoint signed by its log. */
export function signCheckpoint(head: TreeHead, key: SigningKey): string {
  return signNote(formatCheckpoint(head), key);
}

/**
 * What the log with this key committed to. A log's key bears the name of its origin.
 * @param note with the log's signature, and others or none
 * @throws MalformedNote
 * @throws UnverifiedNote where it is another log's, or was changed
 */
export function openCheckpoint(note: string, key: VerifierKey): TreeHead {
  const head = parseCheckpoint(openNote(note, key));
  if (head.origin !== key.name) throw new UnverifiedNote(`this is a checkpoint of ${head.origin}, not of ${key.name}`);
  return head;
}

/**
 * A witness's signature for a checkpoint, to be kept and shown with it (`addSignatures`). The caller has made sure that it is
 * consistent with what the witness saw before.
 * @param note the checkpoint as the log signed it
 * @throws MalformedNote
 */
export function cosignCheckpoint(note: string, witness: SigningKey, at: Date): Signature {
  const { text } = parseNote(note);
  parseCheckpoint(text);
  return { name: witness.name, keyId: witness.id, bytes: cosign(text, witness.privateKey, at) };
}

/**
 * When this witness cosigned the checkpoint.
 * @throws MalformedNote
 * @throws UnverifiedNote where it did not
 */
export function cosignatureTime(note: string, witness: VerifierKey): Date {
  const { text, signatures } = parseNote(note);
  return cosignedAt(signatureBy(witness, text, signatures).bytes);
}

function decodeRoot(encoded: string): Uint8Array {
  try {
    const root = decodeBase64(encoded);
    if (root.length === HASH_BYTES) return root;
  } catch (error) {
    if (!(error instanceof MalformedBase64)) throw error;
  }
  throw new MalformedNote('the root of a checkpoint is base64 of 32 bytes');
}
