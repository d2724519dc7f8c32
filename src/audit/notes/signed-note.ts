import { isCosignature } from './cosignature.ts';
import { isEd25519Signature, signEd25519 } from './ed25519.ts';
import { isKeyName, type SigningKey, type VerifierKey } from './keys.ts';
import { decodeBase64, MalformedBase64 } from './base64.ts';

const KEY_ID_BYTES = 4;
/** The specification wants at least 16 accepted; a limit keeps somebody from having thousands verified. */
const MOST_SIGNATURES = 100;

/** One line below the text: somebody says that they signed it. */
export interface Signature {
  readonly name: string;
  /** 8 hexadecimal digits. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** A text, and who says to have signed it. Nothing of it may be believed before `openNote` has said so. */
export interface Note {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly Signature[];
}

/** This is no signed note as C2SP signed-note describes it. */
export class MalformedNote extends Error {
  readonly code = 'malformed-note';
}

/** The note is not signed by who should have signed it, or was changed afterwards. */
export class UnverifiedNote extends Error {
  readonly code = 'unverified-note';
}

/**
 * Reads a signed note without checking any signature.
 * @throws MalformedNote
 */
export function parseNote(note: string): Note {
  if (!note.isWellFormed() || hasControlCharacters(note))
    throw new MalformedNote('a note is text without control characters');
  const end = note.lastIndexOf('\n\n');
  if (end < 0) throw new MalformedNote('a note has an empty line between text and signatures');
  const lines = note.slice(end + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw new MalformedNote('a note ends with lines of signatures');
  if (lines.length > MOST_SIGNATURES) throw new MalformedNote(`a note has at most ${MOST_SIGNATURES} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** @throws MalformedNote where the text is none that can be signed */
export function formatNote({ text, signatures }: Note): string {
  const note = `${text}\n${signatures.map((signature) => formatSignature(signature)).join('')}`;
  if (parseNote(note).text !== text) throw new MalformedNote('the text of a note ends with a newline');
  return note;
}

/** @throws MalformedNote where the text is none that can be signed */
export function signNote(text: string, key: SigningKey): string {
  return formatNote({
    text,
    signatures: [{ name: key.name, keyId: key.id, bytes: signEd25519(text, key.privateKey) }],
  });
}

/** The note with further signatures below it. @throws MalformedNote */
export function addSignatures(note: string, added: readonly Signature[]): string {
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: [...signatures, ...added] });
}

/**
 * The text of a note that this key signed. Signatures of other keys are left alone.
 * @throws MalformedNote
 * @throws UnverifiedNote where the key did not sign it, or a signature in its name is wrong
 */
export function openNote(note: string, key: VerifierKey): string {
  const { text, signatures } = parseNote(note);
  signatureBy(key, text, signatures);
  return text;
}

/**
 * The signature of this key, checked.
 * @throws UnverifiedNote
 */
export function signatureBy(key: VerifierKey, text: string, signatures: readonly Signature[]): Signature {
  const [first, ...others] = signatures.filter(({ name, keyId }) => name === key.name && keyId === key.id);
  if (!first) throw new UnverifiedNote(`${key.name}+${key.id} did not sign this`);
  if (![first, ...others].every(({ bytes }) => isSignedBy(key, text, bytes)))
    throw new UnverifiedNote(`a signature by ${key.name}+${key.id} is wrong`);
  return first;
}

/** A line as it stands below the text, with its newline. */
export function formatSignature({ name, keyId, bytes }: Signature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), bytes]).toString('base64')}\n`;
}

/**
 * A line as it stands below the text, without its newline.
 * @throws MalformedNote
 */
export function parseSignature(line: string): Signature {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  const bytes = decode(encoded);
  if (!isKeyName(name) || bytes.length <= KEY_ID_BYTES)
    throw new MalformedNote('a signature has the form "— name base64"');
  return { name, keyId: bytes.toString('hex', 0, KEY_ID_BYTES), bytes: bytes.subarray(KEY_ID_BYTES) };
}

function isSignedBy(key: VerifierKey, text: string, signature: Uint8Array): boolean {
  return key.type === 'log'
    ? isEd25519Signature(text, key.publicKey, signature)
    : isCosignature(text, key.publicKey, signature);
}

function decode(encoded: string): Buffer {
  try {
    return decodeBase64(encoded);
  } catch (error) {
    if (error instanceof MalformedBase64) throw new MalformedNote('a signature is not base64');
    throw error;
  }
}

function hasControlCharacters(text: string): boolean {
  return /[\u0000-\u0009\u000b-\u001f]/.test(text); // oxlint-disable-line no-control-regex -- they are what is looked for
}
