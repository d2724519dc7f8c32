import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, NotFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { AbsenceRow, Organization } from './entities.ts';
import { peopleChanged } from './members.ts';

export interface NewAbsence {
  readonly person: string;
  readonly from: Date;
  readonly until: Date;
  readonly delegate: string;
}

/**
 * Enters (or replaces) a person's absence. Open requests are looked through when it begins and when it ends.
 * @throws InvalidRequest where the time is empty or over, or the delegation would come back to the person
 */
export async function putAbsence(tx: Transaction, wanted: NewAbsence): Promise<AbsenceRow> {
  const { em, origin, at } = tx;
  if (wanted.until <= wanted.from) throw new InvalidRequest([{ path: 'until', message: 'must be later than `from`' }]);
  if (wanted.until <= at) throw new InvalidRequest([{ path: 'until', message: 'is over already' }]);
  await oneAtATime(tx);
  await refuseCycle(em, wanted);
  const existing = await em.findOne(AbsenceRow, { person: wanted.person });
  const absence =
    existing ?? em.create(AbsenceRow, { id: newId(at), organization: origin.organization, ...wanted, createdAt: at });
  em.assign(absence, { from: wanted.from, until: wanted.until, delegate: wanted.delegate });
  em.persist(absence);
  tx.record({
    action: 'absence.set',
    resource: { type: 'person', id: wanted.person },
    detail: { delegate: wanted.delegate, from: wanted.from.toISOString(), until: wanted.until.toISOString() },
  });
  tx.enqueue(peopleChanged(newId(at), wanted.person, { dueAt: wanted.from > at ? wanted.from : at }));
  tx.enqueue(peopleChanged(newId(at), wanted.person, { dueAt: wanted.until }));
  return absence;
}

/** @throws NotFound where there is none to end */
export async function endAbsence(tx: Transaction, person: string): Promise<void> {
  await oneAtATime(tx);
  const removed = await tx.em.nativeDelete(AbsenceRow, { person });
  if (removed === 0) throw new NotFound('absence');
  tx.record({ action: 'absence.ended', resource: { type: 'person', id: person } });
  tx.enqueue(peopleChanged(newId(tx.at), person));
}

/**
 * Has the organization's absences entered and ended one after the other. Locking just the two people would not do: of four
 * absences that make a circle, two have nobody in common, and neither would see the other.
 */
async function oneAtATime({ em, origin }: Transaction): Promise<void> {
  await em.findOneOrFail(Organization, { id: origin.organization }, { lockMode: LockMode.PESSIMISTIC_WRITE });
}

/** Follows the delegates who are absent at some time of this absence; nobody may stand in for themselves in the end. */
async function refuseCycle(em: EntityManager, wanted: NewAbsence): Promise<void> {
  const seen = new Set([wanted.person]);
  for (let next: string | undefined = wanted.delegate; next !== undefined;) {
    if (seen.has(next)) {
      throw new InvalidRequest([
        {
          path: 'delegate_user_id',
          message:
            next === wanted.person
              ? 'the delegation would come back to the absent person'
              : 'the delegates stand in for each other',
        },
      ]);
    }
    seen.add(next);
    const absence: AbsenceRow | null = await em.findOne(AbsenceRow, {
      person: next,
      from: { $lt: wanted.until },
      until: { $gt: wanted.from },
    });
    next = absence?.delegate;
  }
}
