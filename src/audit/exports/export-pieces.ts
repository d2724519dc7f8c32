import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import type { Attempt, ExportStore, Progress } from './export-store.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * The pieces of a bundle as they are kept: compressed (Zstandard, RFC 8878), and sealed under the organization's key, since they
 * hold in the clear what the entries themselves keep sealed.
 */
export class ExportPieces {
  readonly #work: UnitOfWork;
  readonly #store: ExportStore;

  constructor(parts: { work: UnitOfWork; store: ExportStore }) {
    this.#work = parts.work;
    this.#store = parts.store;
  }

  /** @throws Superseded, RangeError where the organization's key was destroyed */
  async put(attempt: Attempt, position: number, piece: Buffer, progress: Progress): Promise<void> {
    const { organization, id, number } = attempt;
    const keys = await this.#keys(organization);
    const compressed = await compress(piece);
    await this.#store.put(
      attempt,
      position,
      keys.seal(organization, placeOf(id, number, position), compressed.toString('base64')),
      progress,
    );
  }

  /** The file, piece by piece. @throws CannotDecrypt */
  async *read(organization: string, id: string, attempt: number): AsyncGenerator<Uint8Array> {
    const keys = await this.#keys(organization);
    let position = 0;
    for await (const sealed of this.#store.pieces(organization, id, attempt)) {
      const text = keys.open(sealed, placeOf(id, attempt, position));
      if (text === null) throw new CannotDecrypt();
      yield await decompress(Buffer.from(text, 'base64'));
      position += 1;
    }
  }

  #keys(organization: string): Promise<UnlockedKeys> {
    return this.#work.read(organization, (em) => this.#work.vault.unlock(em, organization, [organization]));
  }
}

/** A piece opens in its own place only. */
function placeOf(id: string, attempt: number, position: number): string {
  return `audit_export_chunks.data:${id}/${attempt}/${position}`;
}
