import { setTimeout as pause } from 'node:timers/promises';
import type { Progress } from '../../../src/platform/embedded/progress.ts';
import { newId } from '../../../src/platform/ids.ts';
import type { UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { timed } from '../concurrency.ts';
import { DatabaseView } from '../database-view.ts';
import { startProduct } from '../product.ts';
import { openCore, startServices } from '../services.ts';
import type { Spread } from '../statistics.ts';
import { writeEntries } from './entries.ts';

const WRITERS = 4;
/** Entries of one transaction: what is measured is not how fast they can be written. */
const TOGETHER = 100;
const SEALED_WITHIN_MS = 600_000;

export interface SealingFigures {
  readonly writtenPerSecond: number;
  /** While they were written. */
  readonly sealedPerSecond: number;
  /** From the beginning of the first transaction until the last entry was sealed. */
  readonly sealedPerSecondInAll: number;
  /** From the moment in the entry to its first checkpoint, in milliseconds. */
  readonly delay: Spread;
}

export interface SealingPlan {
  readonly seconds: number;
  /** Entries a second, for each measurement; null: as many as can be written. */
  readonly rates: readonly (number | null)[];
  readonly progress: Progress;
  readonly onMeasured: (rate: number | null, figures: SealingFigures) => void;
}

/** Has the worker, as it runs in production, seal one organization's log while this process writes entries into it. */
export async function measureSealing({ seconds, rates, progress, onMeasured }: SealingPlan): Promise<void> {
  const running: (() => Promise<void>)[] = [];
  try {
    const services = await startServices({ progress });
    running.push(() => services.stop());
    const product = await startProduct(services);
    running.push(() => product.stop());
    const database = await DatabaseView.open(services.adminUrl);
    running.push(() => database.close());
    const core = await openCore(services.environment);
    running.push(() => core.stop());
    await measureOne(core, database, 2, 1_000);
    for (const rate of rates) onMeasured(rate, await measureOne(core, database, seconds, rate));
  } finally {
    for (const stop of running.toReversed()) await stop();
  }
}

async function measureOne(
  { work }: { readonly work: UnitOfWork },
  database: DatabaseView,
  seconds: number,
  rate: number | null,
): Promise<SealingFigures> {
  const organization = newId();
  await work.bookkeep(
    { organization, actor: { type: 'system', id: null }, requestId: null },
    async (tx) => void work.vault.createKey(tx.em, organization, organization, tx.at),
  );
  const sealed = () =>
    database.number('select coalesce((select size from countersign.audit_logs where organization_id = $1), 0)', [
      organization,
    ]);
  const { ms, result } = await timed(async () => {
    const writing = await timed(() => writeFor(work, organization, seconds * 1_000, rate));
    const sealedMeanwhile = await sealed();
    await database.untilSealed(SEALED_WITHIN_MS);
    return { writing, sealedMeanwhile };
  });
  const { writing, sealedMeanwhile } = result;
  if ((await sealed()) !== writing.result) throw new Error(`${await sealed()} of ${writing.result} entries are sealed`);
  const perSecond = (entries: number, took: number) => entries / (took / 1_000);
  return {
    writtenPerSecond: perSecond(writing.result, writing.ms),
    sealedPerSecond: perSecond(sealedMeanwhile, writing.ms),
    sealedPerSecondInAll: perSecond(writing.result, ms),
    delay: await mergeDelay(database, organization, writing.result),
  };
}

/** @returns how many entries were written */
async function writeFor(work: UnitOfWork, organization: string, forMs: number, rate: number | null): Promise<number> {
  const began = performance.now();
  let written = 0;
  const writer = async () => {
    while (performance.now() - began < forMs) {
      const dueAt = rate === null ? 0 : (written / rate) * 1_000;
      written += TOGETHER;
      await pause(Math.max(0, dueAt - (performance.now() - began)));
      await writeEntries(work, organization, TOGETHER);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return written;
}

/** The head is committed before its checkpoint is signed: waits for the last one. */
async function mergeDelay(database: DatabaseView, organization: string, size: number): Promise<Spread> {
  const giveUpAt = performance.now() + SEALED_WITHIN_MS;
  while (
    (await database.number(
      'select count(*) from countersign.audit_checkpoints where organization_id = $1 and tree_size = $2',
      [organization, size],
    )) === 0
  ) {
    if (performance.now() > giveUpAt) throw new Error('the last checkpoint was never signed');
    await pause(50);
  }
  const [spread] = await database.rows<Spread>(
    `select percentile_disc(0.5) within group (order by delay)::float8 as p50, percentile_disc(0.99) within group (order by delay)::float8 as p99
     from (select extract(epoch from c.at - l.at) * 1000 as delay from (
       select tree_size, lag(tree_size, 1, 0::bigint) over (order by tree_size) as before, at from countersign.audit_checkpoints where organization_id = $1
     ) c join countersign.audit_leaves l on l.organization_id = $1 and l.leaf_index >= c.before and l.leaf_index < c.tree_size) delays`,
    [organization],
  );
  if (!spread) throw new Error('nothing was sealed');
  return spread;
}
