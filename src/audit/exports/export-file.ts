import { createHash } from 'node:crypto';
import { type BundleParts, writeBundle } from '../bundle/write.ts';
import type { BundleCounts } from '../bundle/format.ts';
import type { SigningKey } from '../notes/keys.ts';

/** Long enough to compress well, short enough to be held in memory by many at once. */
const CHUNK_BYTES = 1_048_576;

/** A bundle that was written. */
export interface WrittenBundle extends BundleCounts {
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly digest: Buffer;
}

/**
 * Writes a bundle piece by piece.
 * @param put takes each piece in its turn; nothing more is read before it has
 * @throws BundleIncomplete, and what reading the parts or `put` throws
 */
export async function writeInPieces(
  parts: BundleParts,
  key: SigningKey,
  put: (piece: Buffer) => Promise<void>,
): Promise<WrittenBundle> {
  const hash = createHash('sha256');
  const bundle = writeBundle(parts, key);
  let bytes = 0;
  let piece = '';
  const flush = async () => {
    const data = Buffer.from(piece);
    piece = '';
    bytes += data.length;
    hash.update(data);
    await put(data);
  };
  for (;;) {
    const { done, value } = await bundle.next();
    if (done) {
      if (piece !== '') await flush();
      return { ...value, bytes, digest: hash.digest() };
    }
    piece += value;
    if (piece.length >= CHUNK_BYTES) await flush();
  }
}
