import { newId } from '../../../src/platform/ids.ts';
import type { Origin, UnitOfWork } from '../../../src/platform/unit-of-work.ts';

const SOURCE = { address: '203.0.113.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Bench/1.0' };

/** Writes so many entries in one transaction, each with where it came from. */
export async function writeEntries(work: UnitOfWork, organization: string, entries: number): Promise<void> {
  const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: newId(), source: SOURCE };
  await work.write(origin, async (tx) => {
    for (let n = 0; n < entries; n += 1)
      tx.record({ action: 'approval.created', resource: { type: 'approval', id: newId() }, detail: { n } });
  });
}
