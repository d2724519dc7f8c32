import type { Run } from '../../platform/database/bare.ts';
import { InvalidProof, verifyConsistency } from '../merkle.ts';
import { openCheckpoint } from '../notes/checkpoint.ts';
import type { VerifierKey } from '../notes/keys.ts';
import { MalformedNote, UnverifiedNote } from '../notes/signed-note.ts';
import { proveConsistency } from '../tree/proofs.ts';
import { nodesFromTiles, TilesDoNotFit } from '../tree/tiles.ts';
import { type LogHead, readTiles, type StoredCheckpoint } from './sealing-store.ts';

type Signed = Pick<LogHead, 'size'> & { readonly root: Uint8Array };
type UnsignedHead = Pick<LogHead, 'organization' | 'size' | 'root'>;

/** The log does not begin with what was signed for it before: to sign it would make a second history. */
export class LogForked extends Error {
  readonly code = 'log-forked';
  constructor(size: number, signed: number, how: string) {
    super(
      `the ${size} entries of an audit log do not follow from the ${signed} that were signed before (${how}); ` +
        'nothing is signed for it any more. `countersign audit check` says what was changed. Where the database was set back on purpose, restart the worker',
    );
  }
}

/** What was signed last for each log: as the database says it, and as this process remembers it, which no database can take back. */
export class SignedHeads {
  readonly #remembered = new Map<string, Signed>();

  /** To be called as soon as a head is signed, before anybody can see the signature. */
  remember({ organization, size, root }: UnsignedHead): void {
    if (size >= (this.#remembered.get(organization)?.size ?? 0)) this.#remembered.set(organization, { size, root });
  }

  /**
   * Proves, out of the stored tiles, that a head begins with what was signed before. The caller holds the lock of the log's head.
   * @param stored the checkpoint that is stored last; null where there is none
   * @throws LogForked
   */
  async mustBeginAsSigned(
    run: Run,
    head: UnsignedHead,
    stored: StoredCheckpoint | null,
    key: VerifierKey,
  ): Promise<void> {
    const remembered = this.#remembered.get(head.organization);
    if (remembered) await mustFollow(run, head, remembered);
    if (!stored) return;
    const opened = opening(stored, head, key);
    if (opened.size !== remembered?.size || !Buffer.from(opened.root).equals(remembered.root))
      await mustFollow(run, head, opened);
  }
}

function opening(stored: StoredCheckpoint, head: UnsignedHead, key: VerifierKey): Signed {
  try {
    const opened = openCheckpoint(stored.note, key);
    if (opened.size === stored.size) return opened;
  } catch (error) {
    if (!(error instanceof MalformedNote || error instanceof UnverifiedNote)) throw error;
  }
  throw new LogForked(head.size, stored.size, 'the stored checkpoint is not the one that the log’s key has signed');
}

/** The log of `head` begins with the one of `signed` (RFC 6962, 2.1.2). */
async function mustFollow(run: Run, { organization, size, root }: UnsignedHead, signed: Signed): Promise<void> {
  if (size < signed.size) throw new LogForked(size, signed.size, 'the log went back');
  try {
    const proof = size === signed.size ? [] : await proveConsistency(signed.size, size, storedNodes(run, organization));
    verifyConsistency(signed.size, size, signed.root, root, proof);
  } catch (error) {
    if (error instanceof InvalidProof || error instanceof TilesDoNotFit)
      throw new LogForked(size, signed.size, error.message);
    throw error;
  }
}

function storedNodes(run: Run, organization: string) {
  return nodesFromTiles(async (wanted) => {
    const tiles = await readTiles(run, organization, wanted);
    const found = new Map(tiles.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]));
    return wanted.map(({ level, index }) => found.get(`${level}/${index}`) ?? new Uint8Array());
  });
}
