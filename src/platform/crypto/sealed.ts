import { decrypt, encrypt } from './aead.ts';

/**
 * A sealed value names the subjects whose keys open it, and is encrypted once for each of them, one layer inside the
 * other: as soon as one subject's key is destroyed, nobody reads it again (crypto-shredding, NIST SP 800-88, 2.5).
 *
 *     version (1 byte) | number of subjects (1 byte) | subject UUIDs (16 bytes each) | layers of AES-256-GCM
 */
const VERSION = 1;
const UUID_BYTES = 16;
const MAX_SUBJECTS = 255;

/** Gives the key of a subject, or null where it was destroyed or does not belong to this organization. */
export type KeyOf = (subject: string) => Uint8Array | null;

/**
 * @param subjects whose keys are all needed to open it again; at least one
 * @param place where the value is kept (`table.column:row`); it opens nowhere else
 * @throws RangeError where a subject has no key: nothing new may be written about somebody who was erased
 */
export function sealFor(subjects: readonly string[], place: string, text: string, keyOf: KeyOf): Buffer {
  const header = writeHeader(subjects);
  const context = `${header.toString('base64')} ${place}`;
  let layer: Uint8Array = Buffer.from(text, 'utf8');
  for (const subject of subjects) {
    const key = keyOf(subject);
    if (!key) throw new RangeError(`subject ${subject} has no key`);
    layer = encrypt(key, layer, context);
  }
  return Buffer.concat([header, layer]);
}

/**
 * @returns the text, or null where a key it needs was destroyed
 * @throws CannotDecrypt where it was changed or moved
 */
export function openSealed(sealed: Uint8Array, place: string, keyOf: KeyOf): string | null {
  const subjects = subjectsOf(sealed);
  const keys = subjects.map(keyOf);
  const headerLength = 2 + subjects.length * UUID_BYTES;
  const context = `${Buffer.from(sealed.subarray(0, headerLength)).toString('base64')} ${place}`;
  let layer: Uint8Array = sealed.subarray(headerLength);
  for (const key of keys.toReversed()) {
    if (!key) return null;
    layer = decrypt(key, layer, context);
  }
  return Buffer.from(layer).toString('utf8');
}

/** The subjects whose keys a sealed value needs. */
export function subjectsOf(sealed: Uint8Array): string[] {
  if (sealed[0] !== VERSION) throw new RangeError('a sealed value of an unknown version');
  const bytes = Buffer.from(sealed);
  return Array.from({ length: sealed[1] ?? 0 }, (_, i) =>
    formatUuid(bytes.subarray(2 + i * UUID_BYTES, 2 + (i + 1) * UUID_BYTES)),
  );
}

function writeHeader(subjects: readonly string[]): Buffer {
  if (subjects.length === 0 || subjects.length > MAX_SUBJECTS)
    throw new RangeError(`a value is sealed for 1 to ${MAX_SUBJECTS} subjects`);
  const ids = subjects.map((subject) => Buffer.from(subject.replaceAll('-', ''), 'hex'));
  return Buffer.concat([Buffer.from([VERSION, subjects.length]), ...ids]);
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
