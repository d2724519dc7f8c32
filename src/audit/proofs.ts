import type { EntityManager } from '@mikro-orm/postgresql';
import type { Database } from '../platform/database/database.ts';
import { NeverCheckpointed, NoCheckpointYet, NoSuchEntry, NoSuchRange, NotSealedYet } from './proof-errors.ts';
import {
  type Checkpoint,
  type EntryRef,
  findCheckpoint,
  findLeaf,
  findVerifierKey,
  isQueued,
  type ProvenEntry,
  tileReader,
} from './proof-store.ts';
import { type NodeReader, proveConsistency, proveInclusion } from './tree/proofs.ts';
import { nodesFromTiles } from './tree/tiles.ts';

/** That an entry is in the log that a checkpoint was signed for: for `verifyInclusion`. */
export interface InclusionProof extends ProvenEntry {
  /** The checkpoint's size. */
  readonly treeSize: number;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: Checkpoint;
}

/** That a log began with an earlier state of itself: for `verifyConsistency`. */
export interface ConsistencyProof {
  readonly first: number;
  readonly second: number;
  readonly hashes: readonly Uint8Array[];
}

/**
 * Proofs out of the stored tiles; a handful of rows each, however large the log is. A proof is only ever made for a size that
 * was signed: any other would be nobody's word.
 */
export class AuditProofs {
  readonly #database: Database;

  /** @param database the application's: it sees one organization at a time, and reads proofs only */
  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws NoCheckpointYet, Unavailable */
  latestCheckpoint(organization: string): Promise<Checkpoint> {
    return this.#database.read(organization, (em) => latest(em, organization));
  }

  /**
   * @param size unset: the latest one
   * @throws NeverCheckpointed, NoCheckpointYet, Unavailable
   */
  checkpoint(organization: string, size?: number): Promise<Checkpoint> {
    return this.#database.read(organization, (em) =>
      size === undefined ? latest(em, organization) : signed(em, organization, size),
    );
  }

  /** What the log's signatures are checked with, as C2SP writes it (`name+id+key`). @throws NoCheckpointYet, Unavailable */
  verifierKey(organization: string): Promise<string> {
    return this.#database.read(organization, async (em) => {
      const key = await findVerifierKey(em, organization);
      if (key === null) throw new NoCheckpointYet();
      return key;
    });
  }

  /**
   * @param ref by place in the log or by id
   * @param size of the checkpoint that it is to be proven for; unset: the latest one
   * @throws NoSuchEntry, NotSealedYet, NeverCheckpointed, NoSuchRange where the entry came after that checkpoint, Unavailable
   */
  inclusion(organization: string, ref: EntryRef, size?: number): Promise<InclusionProof> {
    return this.#database.read(organization, async (em) => {
      const found = await this.#entry(em, organization, ref);
      const checkpoint =
        size === undefined ? await findCheckpoint(em, organization, null) : await signed(em, organization, size);
      if (size === undefined && (!checkpoint || found.seq >= checkpoint.size)) throw new NotSealedYet();
      if (!checkpoint || found.seq >= checkpoint.size)
        throw new NoSuchRange(`Entry ${found.seq} came after the checkpoint of ${size} entries.`);
      const hashes = await proveInclusion(found.seq, checkpoint.size, nodes(em, organization));
      return { ...found, treeSize: checkpoint.size, hashes, checkpoint };
    });
  }

  /**
   * @param first the size of an earlier checkpoint, or 0: every log began empty
   * @param second the size of a later one
   * @throws NeverCheckpointed, NoSuchRange where they are the wrong way round, Unavailable
   */
  consistency(organization: string, first: number, second: number): Promise<ConsistencyProof> {
    return this.#database.read(organization, async (em) => {
      if (first > second)
        throw new NoSuchRange(`A log of ${second} entries does not begin with ${first}. Give the smaller size first.`);
      if (first !== 0) await signed(em, organization, first);
      await signed(em, organization, second);
      return { first, second, hashes: await proveConsistency(first, second, nodes(em, organization)) };
    });
  }

  async #entry(em: EntityManager, organization: string, ref: EntryRef): Promise<ProvenEntry> {
    if ('seq' in ref && !(Number.isSafeInteger(ref.seq) && ref.seq >= 0)) throw new NoSuchEntry();
    const found = await findLeaf(em, organization, ref);
    if (found) return found;
    throw 'entry' in ref && (await isQueued(em, organization, ref.entry)) ? new NotSealedYet() : new NoSuchEntry();
  }
}

async function latest(em: EntityManager, organization: string): Promise<Checkpoint> {
  const checkpoint = await findCheckpoint(em, organization, null);
  if (!checkpoint) throw new NoCheckpointYet();
  return checkpoint;
}

async function signed(em: EntityManager, organization: string, size: number): Promise<Checkpoint> {
  const checkpoint = Number.isSafeInteger(size) && size > 0 ? await findCheckpoint(em, organization, size) : null;
  if (!checkpoint) throw new NeverCheckpointed(size);
  return checkpoint;
}

function nodes(em: EntityManager, organization: string): NodeReader {
  return nodesFromTiles(tileReader(em, organization));
}
