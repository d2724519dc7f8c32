import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { LockMode } from '@mikro-orm/core';
import { pino } from 'pino';
import { AuditEntry } from '../../src/audit/entities.ts';
import { writeAudit } from '../../src/audit/store.ts';
import { entities } from '../../src/entities.ts';
import { OutboxRow } from '../../src/notify/entities.ts';
import { settleOutbox, writeOutbox } from '../../src/notify/outbox.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { MasterKey } from '../../src/platform/crypto/master-key.ts';
import { Vault } from '../../src/platform/crypto/vault.ts';
import { Database } from '../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../src/platform/database/tenant-table.ts';
import { newId } from '../../src/platform/ids.ts';
import { MissingAuditEntry, type Origin, type Transaction, UnitOfWork } from '../../src/platform/unit-of-work.ts';
import { Team } from '../../src/tenancy/entities.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const origin: Origin = { organization: newId(), actor: { type: 'system', id: null }, requestId: null };
const told: string[] = [];

let place: TestDatabase;
let work: UnitOfWork;

beforeAll(async () => {
  place = await createTestDatabase();
  work = new UnitOfWork({
    database: Database.open({
      url: place.url,
      role: DATABASE_ROLES.app,
      entities,
      poolSize: 3,
      logger: pino({ level: 'silent' }),
    }),
    vault: new Vault(new MasterKey('5ec2'.repeat(16))),
    clock: systemClock,
    log: { writeAudit, writeOutbox, settleOutbox },
    notifier: {
      outboxFilled: () => told.push('outbox'),
      auditWritten: () => told.push('audit'),
      changed: (resource) => told.push(resource),
    },
  });
});

beforeEach(() => {
  told.length = 0;
});

afterAll(async () => {
  await work?.database.close();
  await place?.drop();
});

/** Makes a team, without a word in the audit log. */
function makeTeam({ em, at }: Transaction, name: string): void {
  const id = newId(at);
  em.persist(em.create(Team, { id, organization: origin.organization, alias: id, name, createdAt: at }));
}

async function counts(): Promise<{ teams: number; audited: number; outbox: number }> {
  return work.read(origin.organization, async (em) => ({
    teams: await em.count(Team),
    audited: await em.count(AuditEntry),
    outbox: await em.count(OutboxRow),
  }));
}

describe('a reading transaction', () => {
  test('finds everything as it stood at one moment, whatever is committed meanwhile', async () => {
    await work.read(origin.organization, async (em) => {
      const before = await em.count(Team);
      await work.write(origin, async (tx) => {
        makeTeam(tx, 'Meanwhile');
        tx.record({ action: 'team.made', resource: { type: 'team', id: 'x' } });
      });
      expect(await em.count(Team)).toBe(before);
      expect(await em.count(AuditEntry)).toBe((await counts()).audited - 1);
    });
  });
});

describe('a transaction', () => {
  test('keeps the change, its audit entry and its outbox row together, and tells afterwards', async () => {
    const before = await counts();
    await work.write(origin, async (tx) => {
      makeTeam(tx, 'Together');
      tx.record({ action: 'team.made', resource: { type: 'team', id: 'x' } });
      tx.enqueue({ id: newId(tx.at), channel: 'workflow', reference: { type: 'x' } });
      tx.touch('team');
      expect(told).toEqual([]);
    });
    expect(await counts()).toEqual({ teams: before.teams + 1, audited: before.audited + 1, outbox: before.outbox + 1 });
    expect(told).toEqual(['outbox', 'audit', 'team']);
  });

  test('keeps nothing where any of it fails, and tells nobody', async () => {
    const before = await counts();
    const failing = work.write(origin, async (tx) => {
      makeTeam(tx, 'Taken back');
      tx.record({ action: 'team.made', resource: { type: 'team', id: 'x' } });
      tx.enqueue({ id: newId(tx.at), channel: 'workflow', reference: { type: 'x' } });
      await tx.em.flush();
      throw new Error('after all');
    });
    await expect(failing).rejects.toThrow('after all');
    expect(await counts()).toEqual(before);
    expect(told).toEqual([]);
  });

  test.each<[string, (tx: Transaction) => Promise<unknown>]>([
    ['an entity that is written at the end', async (tx) => makeTeam(tx, 'Silent')],
    [
      'a statement that is written at once',
      (tx) => tx.em.nativeUpdate(Team, { organization: origin.organization }, { name: 'Renamed' }),
    ],
    [
      'a statement of one’s own',
      (tx) => tx.em.execute('delete from countersign.teams where organization_id = ?', [origin.organization]),
    ],
  ])('that changes something without an audit entry is refused: %s', async (_, change) => {
    const before = await counts();
    await expect(work.write(origin, change)).rejects.toBeInstanceOf(MissingAuditEntry);
    expect(await counts()).toEqual(before);
  });

  test('that looks, or locks and finds nothing to do, needs none', async () => {
    const looked = await work.write(origin, (tx) => tx.em.count(Team));
    const locked = await work.write(
      origin,
      async (tx) => (await tx.em.find(Team, {}, { lockMode: LockMode.PESSIMISTIC_WRITE })).length,
    );
    expect(locked).toBe(looked);
    expect(locked).toBeGreaterThan(0);
  });

  test('of bookkeeping needs none', async () => {
    const before = await counts();
    await work.bookkeep(origin, async (tx) => makeTeam(tx, 'Kept'));
    expect(await counts()).toEqual({ ...before, teams: before.teams + 1 });
  });

  test('that is rehearsed gives its result and changes nothing', async () => {
    const before = await counts();
    const during = await work.rehearse(origin, async (tx) => {
      makeTeam(tx, 'Rehearsed');
      await tx.em.flush();
      return tx.em.count(Team);
    });
    expect(during).toBe(before.teams + 1);
    expect(await counts()).toEqual(before);
  });

  test('runs again where it lost against another one: two that wait for each other both get through', async () => {
    const teams = await work.read(origin.organization, (em) => em.find(Team, {}, { limit: 2, orderBy: { id: 'asc' } }));
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    let attempts = 0;
    const renameAll = (order: readonly Team[]) =>
      work.write(origin, async (tx) => {
        attempts += 1;
        for (const { id } of order) {
          const row = await tx.em.findOneOrFail(Team, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
          row.name = `${row.name}!`;
          holding += 1;
          if (holding === 2) bothHold.resolve();
          await bothHold.promise;
        }
        tx.record({ action: 'team.made', resource: { type: 'team', id: order[0]?.id ?? '' } });
      });
    const results = await Promise.allSettled([renameAll(teams), renameAll(teams.toReversed())]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled']);
    expect(attempts).toBe(3);
    const after = await work.read(origin.organization, (em) =>
      em.find(Team, { id: { $in: teams.map((team) => team.id) } }, { orderBy: { id: 'asc' } }),
    );
    expect(after.map((team) => team.name)).toEqual(teams.map((team) => `${team.name}!!`));
  });
});
