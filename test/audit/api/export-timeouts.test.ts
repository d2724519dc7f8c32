import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AuditExport } from '../../../src/audit/exports/entities.ts';
import { BundleSource } from '../../../src/audit/exports/bundle-source.ts';
import { ExportMaking } from '../../../src/audit/exports/export-making.ts';
import { ExportPieces } from '../../../src/audit/exports/export-pieces.ts';
import { ExportStore } from '../../../src/audit/exports/export-store.ts';
import { LogKeys } from '../../../src/audit/exports/log-keys.ts';
import { SealedEntries } from '../../../src/audit/sealed-entries.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { newId } from '../../../src/platform/ids.ts';
import { People } from '../../../src/tenancy/people.ts';
import { LogWorld } from '../support/log-world.ts';

let world: LogWorld;

beforeAll(async () => {
  world = await LogWorld.open();
});

afterAll(() => world?.close());

/** Reads from a database that is too slow for the time a statement has. */
class SlowSource extends BundleSource {
  override async read(...[organization]: Parameters<BundleSource['read']>): ReturnType<BundleSource['read']> {
    return world.work.read(organization, async (em) => {
      await em.execute("set local statement_timeout = '20ms'");
      await em.execute('select pg_sleep(10)');
      throw new Error('it was not ended');
    });
  }
}

test('an export for which the database takes too long is tried again, and has failed in the end', async () => {
  const { work, vault, master, logger } = world;
  const organization = await world.organization();
  const [id, now] = [newId(), new Date()];
  await work.write({ organization, actor: { type: 'system', id: null }, requestId: null }, async (tx) => {
    tx.add(AuditExport, {
      id,
      organization,
      from: new Date(0),
      to: now,
      state: 'preparing',
      createdAt: now,
      expiresAt: now,
    });
    tx.record({ action: 'audit.export_requested', resource: { type: 'audit_export', id } });
  });
  const store = new ExportStore(new BareDatabase(world.database));
  const making = new ExportMaking({
    work,
    store,
    logger,
    source: new SlowSource({
      work,
      entries: new SealedEntries({ read: async () => new Map() }),
      openers: () => ({ vault, people: new People(master, vault) }),
    }),
    pieces: new ExportPieces({ work, store }),
    keys: new LogKeys(new BareDatabase(world.sealerDatabase), new SigningKeys(master)),
  });
  const { signal } = new AbortController();
  const row = () => work.read(organization, (em) => em.findOneOrFail(AuditExport, { id }));
  for (let tries = 1; tries < 5; tries += 1) {
    await expect(making.make(organization, id, signal)).rejects.toMatchObject({ code: '57014' });
    expect(await row()).toMatchObject({ state: 'preparing', attempt: tries });
  }
  await making.make(organization, id, signal);
  expect(await row()).toMatchObject({ state: 'failed', error: 'timed-out', attempt: 5 });
  expect(
    (await world.entries(organization)).map(({ leaf }) => (JSON.parse(leaf) as { action: string }).action),
  ).toEqual(['audit.export_requested', 'audit.export_failed']);
});
