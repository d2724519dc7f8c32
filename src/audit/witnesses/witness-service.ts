import { flushUnique } from '../../platform/database/failures.ts';
import { InvalidRequest, NotFound } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { newId } from '../../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demand } from '../../tenancy/service.ts';
import { MalformedKey, parseVerifierKey, type VerifierKey } from '../notes/keys.ts';
import { demandSomewhere } from '../reading/sight.ts';
import { AuditWitness } from './entities.ts';

/** Each of them may cosign every checkpoint: a few are many. */
const WITNESSES_AT_MOST = 10;

/** The keys held elsewhere whose word is taken about an organization's log. */
export class WitnessService {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /**
   * Enters a witness's key, or replaces it.
   * @param key as C2SP writes it: `name+id+key`
   * @returns whether there was none of this name
   * @throws Forbidden, InvalidRequest where it is no key of a witness, or there are too many
   */
  async register(
    caller: Caller,
    origin: Origin,
    name: string,
    key: string,
  ): Promise<{ row: AuditWitness; isNew: boolean }> {
    demandManager(caller);
    const { id: keyId } = witnessKey(key);
    return this.#work.write(origin, async (tx) => {
      const known = await tx.em.findOne(AuditWitness, { organization: origin.organization, name });
      if (known?.verifierKey === key) return { row: known, isNew: false };
      const row = known ?? (await this.#make(tx, name));
      row.verifierKey = key;
      row.registeredAt = tx.at;
      await flushUnique(tx.em, 'the witness');
      tx.record({
        action: 'witness.registered',
        resource: { type: 'witness', id: row.id },
        detail: { key_id: keyId, replaced: known !== null },
      });
      return { row, isNew: known === null };
    });
  }

  async list(caller: Caller): Promise<AuditWitness[]> {
    demandSomewhere(caller);
    return this.#work.read(caller.organization, (em) =>
      em.find(AuditWitness, { organization: caller.organization }, { orderBy: { name: 'asc' } }),
    );
  }

  /** What it has cosigned stays. @throws Forbidden, NotFound */
  async remove(caller: Caller, origin: Origin, name: string): Promise<void> {
    demandManager(caller);
    await this.#work.write(origin, async (tx) => {
      const row = await tx.em.findOne(AuditWitness, { organization: origin.organization, name });
      if (!row) throw new NotFound('witness');
      tx.em.remove(row);
      tx.record({
        action: 'witness.removed',
        resource: { type: 'witness', id: row.id },
        detail: { key_id: witnessKey(row.verifierKey).id },
      });
    });
  }

  async #make({ em, origin, at }: Transaction, name: string): Promise<AuditWitness> {
    if ((await em.count(AuditWitness, { organization: origin.organization })) >= WITNESSES_AT_MOST) {
      throw new InvalidRequest([
        { path: '', message: `an organization has ${WITNESSES_AT_MOST} witnesses at most; delete one first` },
      ]);
    }
    const row = em.create(AuditWitness, {
      id: newId(at),
      organization: origin.organization,
      name,
      verifierKey: '',
      registeredAt: at,
    });
    em.persist(row);
    return row;
  }
}

function demandManager(caller: Caller): void {
  demand(caller, 'audit.manage', [caller.organization]);
}

/** @throws InvalidRequest */
function witnessKey(text: string): VerifierKey {
  try {
    const key = parseVerifierKey(text);
    if (key.type === 'witness') return key;
    throw new InvalidRequest([
      { path: 'key', message: 'is the key of a log, not of a witness; `npx countersign audit witness-key` makes one' },
    ]);
  } catch (error) {
    if (error instanceof MalformedKey) throw new InvalidRequest([{ path: 'key', message: error.message }]);
    throw error;
  }
}
