import type { EntityManager } from '@mikro-orm/postgresql';
import { isStatementTimeout } from '../../platform/database/failures.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { compareStretch, countReservations, findUnrecorded } from './check-store.ts';

/** Of each kind; whoever has more has seen enough. */
const SHOWN_AT_MOST = 1_000;

interface Walk {
  /** By reservation: the number of the last change that it is not like, and whether it is there at all. */
  readonly suspects: ReadonlyMap<string, { readonly number: string; readonly isMissing: boolean }>;
  /** Reservations that no change tells of. */
  readonly unrecorded: number;
}

/**
 * Compares an organization's reservations with what the journal says they came to be, a stretch of the journal at a time.
 * @param stretch changes in a stretch; unset: as many as one statement should take
 * @returns what is wrong
 * @throws Unavailable
 */
export async function checkReservations(work: UnitOfWork, organization: string, stretch?: number): Promise<string[]> {
  const { suspects, unrecorded } = await work.read(organization, (em) => walk(em, organization, stretch));
  const wrong = [...suspects]
    .slice(0, SHOWN_AT_MOST)
    .map(([id, { number, isMissing }]) =>
      isMissing
        ? `change ${number} is one of a reservation that is missing`
        : `reservation ${id} is not what the journal says it came to be`,
    );
  return unrecorded === 0 ? wrong : [...wrong, ...(await named(work, organization, unrecorded))];
}

/** All of it in one moment: a reservation and its change are committed together. */
async function walk(em: EntityManager, organization: string, most: number | undefined): Promise<Walk> {
  const suspects = new Map<string, { number: string; isMissing: boolean }>();
  let held = 0;
  for (
    let stretch = await compareStretch(em, organization, 0, [], most);
    stretch;
    stretch = await compareStretch(em, organization, stretch.to, [...suspects.keys()], most)
  ) {
    held += stretch.held;
    for (const id of stretch.alike) suspects.delete(id);
    for (const { id, ...suspect } of stretch.unlike) suspects.set(id, suspect);
  }
  const missing = [...suspects.values()].filter(({ isMissing }) => isMissing).length;
  // Each reservation is made by one change. A change too many is for its minute's digest to find.
  return { suspects, unrecorded: Math.max(0, (await countReservations(em, organization)) - (held - missing)) };
}

/** That there are some is known; which ones takes reading everything at once, and may take too long. */
async function named(work: UnitOfWork, organization: string, unrecorded: number): Promise<string[]> {
  try {
    const ids = await work.read(organization, (em) => findUnrecorded(em, organization, SHOWN_AT_MOST));
    return ids.map((id) => `reservation ${id} is not what the journal says it came to be: it is not in there`);
  } catch (error) {
    if (!isStatementTimeout(error)) throw error;
    return [`${unrecorded} reservations are not in the journal`];
  }
}
