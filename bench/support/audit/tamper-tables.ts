import type { Random } from '../random.ts';
import { sealedSize, writeJournal } from './journal.ts';
import type { LogPlace } from './log-place.ts';
import { TableTampering } from './table-tampering.ts';
import { type Matrix, MatrixCount } from './tamper-matrix.ts';

/** A full tile, partial ones on two levels, and three checkpoints. */
const BATCHES = [3, 254, 100];
const WAITING = 2;
/** Whether everything was taken back is looked at again and again. */
const LOOK_EVERY = 100;

/** A log of some hundred entries, with digests of reservations among them. */
async function smallLog(place: LogPlace): Promise<string> {
  const organization = await place.makeOrganization();
  await writeJournal(place, organization);
  for (const batch of BATCHES) {
    await place.write(organization, batch);
    await place.seal();
  }
  return organization;
}

/**
 * Tampers with the tables of a log, and has the check look at them each time. `admin`'s triggers stay off.
 * @throws Error where it finds something in the log as it was
 */
export async function tamperWithTables(place: LogPlace, times: number, random: Random): Promise<Matrix> {
  const [organization, donor] = [await smallLog(place), await smallLog(place)];
  await place.write(organization, WAITING);
  const tables = await TableTampering.begin(
    place,
    { organization, donor, size: await sealedSize(place.admin, organization) },
    random,
  );
  const matrix = new MatrixCount();
  while (matrix.tried < times) {
    if (matrix.tried % LOOK_EVERY === 0) await mustBeClean(tables);
    const { what, findings } = await tables.once();
    matrix.add(what, findings.length > 0);
  }
  await mustBeClean(tables);
  return matrix;
}

async function mustBeClean(tables: TableTampering): Promise<void> {
  const [finding] = await tables.look();
  if (finding) throw new Error(`the check finds something in a log that is as it was: ${finding.what}`);
}
