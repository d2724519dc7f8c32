import { InvalidRequest, ProblemError } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { NoCheckpointYet } from '../proof-errors.ts';
import type { AuditProofs, ConsistencyProof, InclusionProof } from '../proofs.ts';
import type { SealedEntries } from '../sealed-entries.ts';
import { cosignedNote, newestCosignedSize } from '../witnesses/cosignature-store.ts';
import { leafFields } from './leaf-fields.ts';
import { demandSight, demandSomewhere } from './sight.ts';

export interface EntryProof extends Omit<InclusionProof, 'checkpoint' | 'leaf'> {
  /** The text that was hashed. */
  readonly leaf: string;
  /** A signed note, with the cosignatures of its size. */
  readonly checkpoint: string;
}

/** Which checkpoint is meant: the newest one, where nothing is said. */
export interface CheckpointChoice {
  readonly size?: number | undefined;
  /** The newest one that a witness has cosigned. */
  readonly cosigned?: boolean | undefined;
}

/** What proves the log to whoever reads it. */
export class ProofQueries {
  readonly #work: UnitOfWork;
  readonly #proofs: AuditProofs;
  readonly #entries: SealedEntries;

  constructor(parts: { work: UnitOfWork; proofs: AuditProofs; entries: SealedEntries }) {
    this.#work = parts.work;
    this.#proofs = parts.proofs;
    this.#entries = parts.entries;
  }

  /**
   * @param seq the entry's place in the log
   * @param size of the checkpoint that it is to be proven for; unset: the newest one
   * @throws NoSuchEntry, NotSealedYet, NeverCheckpointed, NoSuchRange, Forbidden, ProblemError `unavailable` where nothing was ever sealed
   */
  async proof(caller: Caller, seq: number, size?: number): Promise<EntryProof> {
    const { organization } = caller;
    demandSomewhere(caller);
    await this.#mustBeSealed(organization);
    const { checkpoint, ...proof } = await this.#proofs.inclusion(organization, { seq }, size);
    return this.#work.read(organization, async (em) => {
      const leaf = proof.leaf ?? (await this.#entries.read(em, organization, { start: seq, end: seq + 1 }))[0]!.leaf;
      await demandSight(em, caller, leafFields(leaf).team);
      return { ...proof, leaf, checkpoint: await cosignedNote(em, organization, checkpoint) };
    });
  }

  /** The signed note. @throws NeverCheckpointed, NotFound where none was cosigned, ProblemError `unavailable` where nothing was ever sealed */
  async checkpoint(caller: Caller, { size, cosigned = false }: CheckpointChoice): Promise<string> {
    const { organization } = caller;
    demandSomewhere(caller);
    await this.#mustBeSealed(organization);
    const wanted = cosigned ? await this.#newestCosigned(organization) : size;
    const checkpoint = await this.#proofs.checkpoint(organization, wanted);
    return this.#work.read(organization, (em) => cosignedNote(em, organization, checkpoint));
  }

  /**
   * @param first the size of an earlier checkpoint, or 0
   * @param second the size of a later one; unset: the newest
   * @throws InvalidRequest, NeverCheckpointed, ProblemError `unavailable` where nothing was ever sealed
   */
  async consistency(caller: Caller, first: number, second?: number): Promise<ConsistencyProof> {
    const { organization } = caller;
    demandSomewhere(caller);
    if (second !== undefined && first > second)
      throw new InvalidRequest([{ path: 'query.first', message: 'must not be larger than `second`' }]);
    const newest = await this.#mustBeSealed(organization);
    return this.#proofs.consistency(organization, first, second ?? newest);
  }

  /** What the log's signatures are checked with (`name+id+key`). @throws ProblemError `unavailable` where nothing was ever sealed */
  async publicKey(caller: Caller): Promise<string> {
    demandSomewhere(caller);
    await this.#mustBeSealed(caller.organization);
    return this.#proofs.verifierKey(caller.organization);
  }

  /** @returns the size of the newest checkpoint */
  async #mustBeSealed(organization: string): Promise<number> {
    try {
      return (await this.#proofs.latestCheckpoint(organization)).size;
    } catch (error) {
      if (!(error instanceof NoCheckpointYet)) throw error;
      throw new ProblemError('unavailable', error.message, error.extension);
    }
  }

  async #newestCosigned(organization: string): Promise<number> {
    const size = await this.#work.read(organization, (em) => newestCosignedSize(em, organization));
    if (size === null)
      throw new ProblemError(
        'not-found',
        'No witness has cosigned a checkpoint of this log. `PUT /api/v1/audit/witnesses/{name}` registers one.',
      );
    return size;
  }
}
