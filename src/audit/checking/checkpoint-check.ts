import { cosignedAt, MalformedCosignature } from '../notes/cosignature.ts';
import { openCheckpoint } from '../notes/checkpoint.ts';
import { isLink } from '../notes/checkpoint-link.ts';
import { MalformedKey, parseVerifierKey, type VerifierKey } from '../notes/keys.ts';
import { MalformedNote, parseNote, parseSignature, signatureBy, UnverifiedNote } from '../notes/signed-note.ts';
import type { CheckedCheckpoint, CheckedCosignature } from './check-store.ts';

/**
 * @param key null where the log's own is no key
 * @param root of the tree of this size, computed out of its leaves
 * @returns what is wrong; null where nothing is
 */
export function checkCheckpoint(
  { size, root: column, note }: CheckedCheckpoint,
  key: VerifierKey | null,
  root: Uint8Array,
): string | null {
  const what = `the checkpoint of ${size} entries`;
  if (!column.equals(root)) return `${what} has another root than the entries lead to`;
  try {
    const head = key && openCheckpoint(note, key);
    return head === null || (head.size === size && column.equals(head.root))
      ? null
      : `${what} signs another size or root`;
  } catch (error) {
    if (error instanceof MalformedNote || error instanceof UnverifiedNote)
      return `${what} is not signed by the log’s key`;
    throw error;
  }
}

/**
 * @param before the size of the checkpoint that is stored before this one; 0: there is none
 * @returns what is wrong; null where nothing is
 */
export function checkLink(
  { size, previous, link }: CheckedCheckpoint,
  key: VerifierKey | null,
  before: number,
): string | null {
  if (key && !isLink({ origin: key.name, size, previous }, key, link))
    return `what the checkpoint of ${size} entries says it follows is not signed by the log’s key`;
  if (previous === before) return null;
  return previous > before
    ? `the checkpoint of ${previous} entries, which that of ${size} follows, is missing`
    : `the checkpoint of ${size} entries follows that of ${previous}, but there is one of ${before} in between`;
}

/** @returns what is wrong; null where nothing is */
export function checkCosignature(
  { size, verifier_key: key, line }: CheckedCosignature,
  checkpoint: CheckedCheckpoint,
): string | null {
  try {
    const signature = parseSignature(line);
    signatureBy(parseVerifierKey(key), parseNote(checkpoint.note).text, [signature]);
    cosignedAt(signature.bytes);
    return null;
  } catch (error) {
    const isWrong = [MalformedKey, MalformedNote, UnverifiedNote, MalformedCosignature].some(
      (wrong) => error instanceof wrong,
    );
    if (!isWrong) throw error;
    return `a cosignature under the checkpoint of ${size} entries is not the witness’s`;
  }
}
