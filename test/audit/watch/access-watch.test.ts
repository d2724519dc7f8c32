import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SealedEntries } from '../../../src/audit/sealed-entries.ts';
import { AccessWatch } from '../../../src/audit/watch/access-watch.ts';
import { type Countries, CountryFile, NO_COUNTRIES } from '../../../src/audit/watch/countries.ts';
import { FindingNotice } from '../../../src/audit/watch/finding-notice.ts';
import { oldestUnwatched, organizationsToWatch, readStates } from '../../../src/audit/watch/watch-store.ts';
import { readMail } from '../../../src/notify/mail.ts';
import { outboxPlace } from '../../../src/notify/outbox.ts';
import { EventPublisher } from '../../../src/notify/service.ts';
import { addWebhook } from '../../../src/notify/webhooks/store.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { newId } from '../../../src/platform/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { databaseHaystacks, findTexts } from '../../personal-data/support/haystack.ts';
import { LogWorld } from '../support/log-world.ts';
import { mmdb } from '../support/mmdb.ts';
import { Staff } from '../support/staff.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const OFFICE = '203.0.113.10';
const ELSEWHERE = '198.51.100.77';
/** This morning at ten, or yesterday's: late enough to be told of, and not in the future. */
const TODAY = Math.floor((Date.now() - 10 * 60 * MINUTE) / DAY) * DAY + 10 * 60 * MINUTE;

let world: LogWorld;

beforeAll(async () => {
  world = await LogWorld.open();
});

afterAll(() => world?.close());

function watch(
  staff: Staff,
  countries: Countries = NO_COUNTRIES,
  entries = new SealedEntries({ read: () => Promise.reject(new Error('nothing was archived')) }),
): AccessWatch {
  const webhooks = new EventPublisher({
    vault: world.vault,
    clock: systemClock,
    changes: { onChange: () => () => undefined },
  });
  return new AccessWatch({
    work: world.work,
    master: world.master,
    entries,
    countries,
    notice: new FindingNotice({ people: staff.people, webhooks }),
  });
}

/** Looks through everything that was written, findings included. */
async function lookThrough(staff: Staff, watcher = watch(staff)): Promise<void> {
  await world.sealAll();
  while (await watcher.step(staff.organization));
  await world.sealAll();
}

async function sizeOf(staff: Staff): Promise<{ size: number }> {
  const { rows } = await world.admin.query<{ size: number }>(
    'select size::int as size from countersign.audit_logs where organization_id = $1',
    [staff.organization],
  );
  return rows[0]!;
}

async function findings(staff: Staff) {
  return (await staff.log())
    .filter(({ action }) => action === 'audit.finding')
    .map(({ resource, detail }) => ({ person: resource.ref, ...detail }));
}

async function mails(staff: Staff) {
  const { rows } = await world.admin.query<{
    id: string;
    body: Buffer;
    channel: string;
    reference: { template?: string };
  }>('select id, body, channel, reference from countersign.outbox where organization_id = $1 order by id', [
    staff.organization,
  ]);
  const keys = await world.vault.unlockFor(
    world.database.fork(staff.organization),
    staff.organization,
    rows.map(({ body }) => body),
  );
  return rows
    .filter(({ channel, reference }) => channel === 'mail' && reference.template === 'audit-finding')
    .map((row) => readMail(keys.open(row.body, outboxPlace(row.id)))!);
}

/** Six days at the office. */
async function history(staff: Staff, alias: string): Promise<void> {
  for (let day = 8; day > 2; day -= 1) await staff.act(alias, { at: new Date(TODAY - day * DAY), address: OFFICE });
}

describe('access that is unusual', () => {
  test('becomes an entry, a mail to owners, admins and auditors, and an event, once', async () => {
    const staff = await Staff.hire(world, {
      jane: ['member'],
      olga: ['owner'],
      adam: ['admin'],
      ann: ['auditor'],
      finn: ['finance'],
    });
    await world.work.write(
      { organization: staff.organization, actor: { type: 'system', id: null }, requestId: null },
      async (tx) => {
        const keys = await world.vault.unlock(tx.em, staff.organization, [staff.organization]);
        addWebhook(tx, keys, newId(), { url: 'https://example.com', secret: 'whsec_' }, ['audit.finding']);
        tx.record({ action: 'webhook.created', resource: { type: 'webhook', id: newId() } });
      },
    );
    await history(staff, 'jane');
    await staff.act('jane', { at: new Date(TODAY), address: ELSEWHERE });
    await lookThrough(staff);
    await staff.act('jane', { at: new Date(TODAY + 5 * MINUTE), address: ELSEWHERE });
    await lookThrough(staff);
    expect(await findings(staff)).toEqual([
      { person: staff.id('jane'), kind: 'new_network', networks: 1, days: 6, seq: expect.any(Number) },
    ]);
    const sent = await mails(staff);
    expect(sent.map(({ to }) => to).toSorted()).toEqual(['adam@example.com', 'ann@example.com', 'olga@example.com']);
    expect(sent[0]).toMatchObject({
      subject: 'Access from a new network: Name of jane',
      text: expect.stringContaining('Name of jane used Countersign from a network where they were never seen before'),
    });
    expect(sent[0]?.text).not.toContain(ELSEWHERE);
    const { rows } = await world.admin.query(
      'select event_type from countersign.webhook_deliveries where organization_id = $1',
      [staff.organization],
    );
    expect(rows).toEqual([{ event_type: 'audit.finding' }]);
  });

  test('is found once, whoever looks and however often they are broken off', async () => {
    const staff = await Staff.hire(
      world,
      { jane: ['member'], olga: ['owner'] },
      { audit: { watch: { denials: { threshold: 3, within: 'PT10M' } } } },
    );
    for (let n = 0; n < 3; n += 1)
      await staff.act('jane', {
        record: { action: 'access.denied', resource: { type: 'route', id: 'GET /x' }, outcome: 'denied' },
      });
    await world.sealAll();
    let failures = 0;
    const webhooks = new EventPublisher({
      vault: world.vault,
      clock: systemClock,
      changes: { onChange: () => () => undefined },
    });
    class Interrupted extends FindingNotice {
      override async write(...args: Parameters<FindingNotice['write']>): Promise<void> {
        await super.write(...args);
        failures += 1;
        if (failures <= 2) throw new Error('the process was killed here');
      }
    }
    const entries = new SealedEntries({ read: () => Promise.reject(new Error('nothing was archived')) });
    const breaking = new AccessWatch({
      work: world.work,
      master: world.master,
      entries,
      countries: NO_COUNTRIES,
      notice: new Interrupted({ people: staff.people, webhooks }),
    });
    await expect(breaking.step(staff.organization)).rejects.toThrow('killed');
    await expect(breaking.step(staff.organization)).rejects.toThrow('killed');
    await Promise.all([
      breaking.step(staff.organization),
      watch(staff).step(staff.organization),
      watch(staff).step(staff.organization),
    ]);
    await lookThrough(staff);
    expect(await findings(staff)).toEqual([
      { person: staff.id('jane'), kind: 'denials', denials: 3, seconds: 600, seq: expect.any(Number) },
    ]);
    expect(await mails(staff)).toHaveLength(1);
  });

  test('is counted over batches, and looked for in every organization by itself', async () => {
    const staff = await Staff.hire(
      world,
      { jane: ['member'], olga: ['owner'] },
      { audit: { watch: { mass_reads: { objects: 600 } } } },
    );
    const other = await Staff.hire(world, { jane: ['member'] });
    for (let n = 0; n < 620; n += 1)
      await staff.act('jane', {
        record: { action: 'approval.reasons_read', resource: { type: 'approval', id: newId() } },
      });
    await world.sealAll();
    const waiting = await organizationsToWatch(new BareDatabase(world.sealerDatabase));
    expect(waiting).toEqual(expect.arrayContaining([staff.organization, other.organization]));
    await lookThrough(staff);
    await lookThrough(other);
    expect(await findings(staff)).toMatchObject([{ kind: 'mass_reads', objects: 600 }]);
    expect(await findings(other)).toEqual([]);
    await lookThrough(staff);
    expect(await organizationsToWatch(new BareDatabase(world.sealerDatabase))).not.toContain(staff.organization);
  });

  test('from a new country is found where a file says which countries addresses are used in, without naming any', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-watch-'));
    const path = join(folder, 'countries.mmdb');
    await writeFile(
      path,
      mmdb({
        '203.0.113.0/24': { country: { iso_code: 'DE' } },
        '198.51.100.0/24': { country: { iso_code: 'FR' } },
      }),
    );
    const staff = await Staff.hire(world, { jane: ['member'], olga: ['owner'] });
    await history(staff, 'jane');
    await staff.act('jane', { at: new Date(TODAY), address: ELSEWHERE });
    await lookThrough(staff, watch(staff, await CountryFile.open(path, world.logger)));
    await rm(folder, { recursive: true });
    expect(await findings(staff)).toEqual([
      { person: staff.id('jane'), kind: 'new_country', countries: 1, days: 6, seq: expect.any(Number) },
    ]);
    const [mail] = await mails(staff);
    expect(mail?.subject).toBe('Access from a new country: Name of jane');
    expect(mail?.text).not.toMatch(/FR|France|198\.51/);
  });

  test('by many exports of charges is found as that of many bundles is', async () => {
    const staff = await Staff.hire(
      world,
      { jane: ['member'], olga: ['owner'] },
      { audit: { watch: { mass_reads: { exports: 3 } } } },
    );
    await staff.act('jane', {
      record: { action: 'billing.exported', resource: { type: 'organization', id: staff.organization } },
      times: 3,
    });
    await lookThrough(staff);
    expect(await findings(staff)).toMatchObject([{ kind: 'mass_reads', exports: 3 }]);
  });

  test('is found behind entries that are nowhere any more, which admins are told of once', async () => {
    const staff = await Staff.hire(
      world,
      { jane: ['member'], olga: ['owner'] },
      { audit: { watch: { denials: { threshold: 3, within: 'PT10M' } } } },
    );
    await world.sealAll();
    const { size } = await sizeOf(staff);
    await staff.act('jane', { times: 2 });
    await staff.act('jane', {
      record: { action: 'access.denied', resource: { type: 'route', id: 'GET /x' }, outcome: 'denied' },
      times: 3,
    });
    await world.sealAll();
    await world.admin.query('set session_replication_role = replica');
    await world.admin.query(
      `delete from countersign.audit_entries where id in (select entry_id from countersign.audit_leaves where organization_id = $1 and leaf_index in ($2, $3))`,
      [staff.organization, size, size + 1],
    );
    await world.admin.query('delete from countersign.audit_leaves where organization_id = $1 and leaf_index = $2', [
      staff.organization,
      size + 1,
    ]);
    await world.admin.query('set session_replication_role = origin');
    const sealer = new BareDatabase(world.sealerDatabase);
    expect(await oldestUnwatched(sealer)).toBeGreaterThan(0);
    const nothingArchived = new SealedEntries({ read: async () => new Map() });
    await lookThrough(staff, watch(staff, NO_COUNTRIES, nothingArchived));
    await lookThrough(staff, watch(staff, NO_COUNTRIES, nothingArchived));
    expect(await findings(staff)).toMatchObject([{ kind: 'denials', denials: 3 }]);
    expect((await staff.log()).filter(({ action }) => action === 'audit.entries_missing')).toMatchObject([
      { detail: { kind: 'entries_missing', seq: size, entries: 2 }, resource: { ref: staff.organization } },
    ]);
    expect(await organizationsToWatch(sealer)).not.toContain(staff.organization);
    const { rows } = await world.admin.query(
      `select from countersign.outbox where organization_id = $1 and reference->>'template' = 'audit-entries-missing'`,
      [staff.organization],
    );
    expect(rows).toHaveLength(1);
  });

  test('of long ago is written down, and nobody is roused for it', async () => {
    const staff = await Staff.hire(world, { jane: ['member'], olga: ['owner'] });
    await history(staff, 'jane');
    await staff.act('jane', { at: new Date(TODAY - 2 * DAY), address: ELSEWHERE });
    await lookThrough(staff);
    expect(await findings(staff)).toMatchObject([{ kind: 'new_network' }]);
    expect(await mails(staff)).toEqual([]);
  });
});

describe('what is remembered of somebody', () => {
  test('holds no address in the clear, and is gone with their key', async () => {
    const staff = await Staff.hire(world, { jane: ['member'], olga: ['owner'] });
    await history(staff, 'jane');
    await lookThrough(staff);
    const { rows } = await world.admin.query<{ n: number }>(
      'select count(*)::int as n from countersign.audit_access_states where person_id = $1',
      [staff.id('jane')],
    );
    expect(rows).toEqual([{ n: 1 }]);
    expect(findTexts(await databaseHaystacks(world.place.adminUrl), [OFFICE, '203.0.113.0/24'])).toEqual([]);
    await world.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      staff.id('jane'),
    ]);
    const fresh = new Vault(world.master);
    const em = world.database.fork(staff.organization);
    const keys = await fresh.unlock(em, staff.organization, [staff.id('jane')]);
    expect(await readStates(em, staff.organization, [staff.id('jane')], keys)).toEqual(new Map());
  });
});
