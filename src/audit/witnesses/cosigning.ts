import { Forbidden, InvalidRequest } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { cosignedAt, MalformedCosignature } from '../notes/cosignature.ts';
import { parseVerifierKey } from '../notes/keys.ts';
import {
  MalformedNote,
  parseNote,
  parseSignature,
  type Signature,
  signatureBy,
  UnverifiedNote,
} from '../notes/signed-note.ts';
import type { Checkpoint } from '../proof-store.ts';
import type { AuditProofs } from '../proofs.ts';
import { demandSomewhere } from '../reading/sight.ts';
import { AuditCosignature, AuditWitness } from './entities.ts';

/** A cosignature that is kept. */
export interface Cosigned {
  readonly witness: string;
  readonly row: AuditCosignature;
  readonly isNew: boolean;
}

/** Takes what witnesses have signed, and nothing but that. */
export class Cosigning {
  readonly #work: UnitOfWork;
  readonly #proofs: AuditProofs;

  constructor(parts: { work: UnitOfWork; proofs: AuditProofs }) {
    this.#work = parts.work;
    this.#proofs = parts.proofs;
  }

  /**
   * Keeps a cosignature; the first one of a witness for a size stays.
   * @param line as it stands below a checkpoint, without its newline
   * @throws NeverCheckpointed for a size that this log never signed, Forbidden where no registered witness made it, InvalidRequest where
   * it is none, or under another checkpoint than ours
   */
  async accept(caller: Caller, origin: Origin, size: number, line: string): Promise<Cosigned> {
    demandSomewhere(caller);
    const signature = parse(line);
    const checkpoint = await this.#proofs.checkpoint(origin.organization, size);
    // Part of the proof, as a checkpoint is, and no change of what the log is about: an entry for it would be a reason to cosign again.
    return this.#work.bookkeep(origin, async (tx) => {
      const witness = await witnessOf(tx, signature);
      verify(witness, checkpoint, signature);
      return keep(tx, witness, size, line, cosignedAt(signature.bytes));
    });
  }
}

async function witnessOf({ em, origin }: Transaction, { name, keyId }: Signature): Promise<AuditWitness> {
  const witnesses = await em.find(AuditWitness, { organization: origin.organization });
  const witness = witnesses.find(({ verifierKey }) => verifierKey.startsWith(`${name}+${keyId}+`));
  if (!witness)
    throw new Forbidden(
      `No witness with the key ${name}+${keyId} is registered. An admin registers one with \`PUT /api/v1/audit/witnesses/{name}\`.`,
    );
  return witness;
}

function verify({ verifierKey }: AuditWitness, { size, note }: Checkpoint, signature: Signature): void {
  try {
    signatureBy(parseVerifierKey(verifierKey), parseNote(note).text, [signature]);
  } catch (error) {
    if (!(error instanceof UnverifiedNote)) throw error;
    throw new InvalidRequest([
      { path: 'cosignature', message: `does not sign the checkpoint of ${size} entries that this log has` },
    ]);
  }
}

async function keep(
  { em, origin, at }: Transaction,
  witness: AuditWitness,
  size: number,
  line: string,
  madeAt: Date,
): Promise<Cosigned> {
  const { organization } = origin;
  const added = await em.execute<object[]>(
    `insert into countersign.audit_cosignatures (organization_id, tree_size, verifier_key, line, cosigned_at, received_at)
     values (?, ?, ?, ?, ?, ?) on conflict do nothing returning tree_size`,
    [organization, size, witness.verifierKey, line, madeAt, at],
  );
  const row = await em.findOneOrFail(AuditCosignature, { organization, size, verifierKey: witness.verifierKey });
  return { witness: witness.name, row, isNew: added.length > 0 };
}

/** @throws InvalidRequest */
function parse(line: string): Signature {
  try {
    const signature = parseSignature(line);
    cosignedAt(signature.bytes);
    return signature;
  } catch (error) {
    if (error instanceof MalformedNote || error instanceof MalformedCosignature)
      throw new InvalidRequest([{ path: 'cosignature', message: error.message }]);
    throw error;
  }
}
