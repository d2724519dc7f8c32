import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkReservations } from '../../../src/budgets/journal/reservations-check.ts';
import { runCli } from '../../cli/support/run-cli.ts';
import { JournalCheck } from '../../../src/budgets/journal/journal-check.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { JournalWorld } from './support/journal-world.ts';

let world: JournalWorld;

beforeAll(async () => {
  world = await JournalWorld.open();
  // What is changed here is changed past triggers.
  await world.admin.query('set session_replication_role = replica');
});

afterAll(() => world?.close());

/** Three reservations, of which one was settled, and two digests: before that, and after it. */
async function digested(): Promise<{ organization: string; settled: string }> {
  const organization = await world.organization();
  const settled = await world.reserve(organization, '10');
  await world.reserve(organization, '5');
  await world.digestAll(organization);
  await world.settle(organization, settled, '4');
  await world.reserve(organization, '6');
  await world.digestAll(organization);
  return { organization, settled };
}

const SETTLED = `organization_id = $1 and state = 'settled'`;

describe('the check of the journal', () => {
  test('finds nothing where nothing was changed, and counts what waits', async () => {
    const { organization } = await digested();
    await world.reserve(organization);
    const { found, journal } = await world.check(organization);
    expect(found).toEqual([]);
    expect(journal.minutes).toBeGreaterThan(1);
    expect(journal.waiting).toBe(1);
  });

  test.each<[what: string, sql: string, expected: RegExp]>([
    [
      'what was held',
      `update countersign.reservations set amount = 11 where ${SETTLED}`,
      /^entry 0: the reservations of the minute \S+:00\.000Z are not as they were: something of its \d changes was altered$/,
    ],
    [
      'for whom',
      `update countersign.reservations set person_id = gen_random_uuid() where ${SETTLED}`,
      /^entry 0: .* was altered$/,
    ],
    [
      'until when',
      `update countersign.reservations set expires_at = expires_at + interval '1 microsecond' where ${SETTLED}`,
      /^entry 0: .* was altered$/,
    ],
    ['what it cost', `update countersign.reservations set cost = 3 where ${SETTLED}`, /^entry [12]: .* was altered$/],
    [
      'that it was late',
      `update countersign.reservations set late = not late where ${SETTLED}`,
      /^entry [12]: .* was altered$/,
    ],
    [
      'what it came to be',
      `update countersign.reservations set state = 'released' where ${SETTLED}`,
      /^reservation \S+ is not what the journal says it came to be$/,
    ],
    [
      'the moment of a change',
      `update countersign.reservation_changes set at = at + interval '1 microsecond' where ${SETTLED}`,
      /^entry [12]: .* was altered$/,
    ],
    [
      'what a change says',
      `update countersign.reservation_changes set state = 'released' where ${SETTLED}`,
      /^entry [12]: .* was altered$/,
    ],
    [
      'a change, removed',
      `delete from countersign.reservation_changes where ${SETTLED}`,
      /^entry [12]: .*: 1 of \d changes are missing$/,
    ],
    [
      'a change, added',
      `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state) select organization_id, number - 1, at, reservation_id, 'held' from (select * from countersign.reservation_changes c where c.organization_id = $1 order by number limit 1) c`,
      /^entry 0: .*: there are 1 changes more than the \d of then$/,
    ],
    ['a reservation, removed', `delete from countersign.reservations where ${SETTLED}`, /^entry 0: .* was altered$/],
    [
      'a reservation, added past the trigger',
      `insert into countersign.reservations (id, organization_id, request, team_id, person_id, amount, currency, periods, leases, created_at, expires_at) select gen_random_uuid(), organization_id, request, team_id, person_id, 7, currency, periods, leases, created_at, expires_at from countersign.reservations where ${SETTLED}`,
      /^reservation \S+ is not what the journal says/,
    ],
    [
      'a change, added beyond the numbers that were drawn',
      `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state) select organization_id, number + 1000000, at, reservation_id, state from countersign.reservation_changes where ${SETTLED}`,
      /^there is a change of reservations with the number \d+, and none above \d+ was drawn$/,
    ],
    [
      'what is taken for digested, set on',
      `update countersign.reservation_digests set digested_to = digested_to + 5 where organization_id = $1`,
      /^changes of reservations up to \d+ are taken for digested, and the digests end with \d+$/,
    ],
    [
      'what is taken for digested, set back',
      `update countersign.reservation_digests set digested_to = 0 where organization_id = $1`,
      /^changes of reservations up to 0 are taken for digested, and the digests go on to \d+$/,
    ],
  ])('names the minute, or the row: %s', async (_what, sql, expected) => {
    const { organization } = await digested();
    expect((await world.admin.query(sql, [organization])).rowCount).toBe(1);
    expect((await world.check(organization)).found).toContainEqual(expect.stringMatching(expected));
  });

  test('raises no alarm where a worker whose clock is behind writes the later minute', async () => {
    const organization = await world.organization();
    await world.reserve(organization);
    await world.digestAll(organization);
    await world.reserve(organization);
    await world.digestAll(organization, world.worker(3_600_000));
    const { found, journal } = await world.check(organization);
    expect(found).toEqual([]);
    expect(journal).toEqual({ minutes: expect.any(Number), waiting: 0 });
    const { rows } = await world.admin.query<{ after: number }>(
      `select (e.leaf::jsonb #>> '{detail,after}')::int as after from countersign.audit_leaves l join countersign.audit_entries e on e.id = l.entry_id
       where l.organization_id = $1 order by l.leaf_index`,
      [organization],
    );
    expect(rows.at(-1)!.after).toBe(0);
  });

  test('has no room for a change that no digest would cover', async () => {
    const { organization } = await digested();
    for (const number of [0, -1])
      await expect(
        world.admin.query(
          `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state) values ($1, $2, now(), gen_random_uuid(), 'held')`,
          [organization, number],
        ),
      ).rejects.toMatchObject({ constraint: 'reservation_changes_number_check' });
  });

  test('reports changes that wait for their digest too long', async () => {
    const { organization } = await digested();
    await world.reserve(organization);
    expect((await world.check(organization)).found).toEqual([]);
    await world.admin.query(
      `update countersign.reservation_changes set at = at - interval '11 minutes' where organization_id = $1 and number = (select max(number) from countersign.reservation_changes where organization_id = $1)`,
      [organization],
    );
    expect((await world.check(organization)).found).toEqual([
      '1 changes of reservations have waited for their digest for more than ten minutes; a worker that runs digests them within two',
    ]);
  });

  test('finds what is taken for digested beyond all numbers, whatever waits to be sealed', async () => {
    const { organization } = await digested();
    await world.admin.query(
      'update countersign.reservation_digests set digested_to = digested_to + 1000000 where organization_id = $1',
      [organization],
    );
    const found: string[] = [];
    const journal = await JournalCheck.begin(
      { work: world.log.work, sealer: new BareDatabase(world.log.sealerDatabase) },
      organization,
      ({ what }) => found.push(what),
    );
    await journal.finish(false);
    expect(found).toContainEqual(expect.stringMatching(/are taken for digested, and the digests end with 0$/));
  });

  test('finds a minute that was passed over', async () => {
    const { organization } = await digested();
    await world.reserve(organization);
    await world.admin.query(
      'update countersign.reservation_digests set digested_to = (select max(number) from countersign.reservation_changes where organization_id = $1) where organization_id = $1',
      [organization],
    );
    await world.reserve(organization);
    await world.digestAll(organization);
    expect((await world.check(organization)).found).toContainEqual(
      expect.stringMatching(/it covers changes of reservations from \d+ on, and the one before ends with \d+/),
    );
  });

  test('compares reservations a stretch of the journal at a time, and comes to the same wherever stretches end', async () => {
    const organization = await world.organization();
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await world.reserve(organization));
    for (const id of ids.slice(1, 4)) await world.settle(organization, id);
    await world.release(organization, ids[4]!);
    const found = (stretch: number) => checkReservations(world.log.work, organization, stretch);
    for (const stretch of [1, 2, 3, 1_000]) expect(await found(stretch)).toEqual([]);
    const tamper = (sql: string, id: string) => world.admin.query(sql, [id]);
    await tamper(`update countersign.reservations set state = 'held' where id = $1`, ids[1]!);
    await tamper(`update countersign.reservations set state = 'settled' where id = $1`, ids[5]!);
    await tamper('delete from countersign.reservations where id = $1', ids[2]!);
    const { rows } = await world.admin.query<{ id: string }>(
      `insert into countersign.reservations (id, organization_id, request, team_id, person_id, amount, currency, periods, leases, created_at, expires_at)
       select gen_random_uuid(), organization_id, request, team_id, person_id, 7, currency, periods, leases, created_at, expires_at from countersign.reservations where id = $1 returning id`,
      [ids[0]],
    );
    for (const stretch of [1, 2, 3, 1_000])
      expect(new Set(await found(stretch))).toEqual(
        new Set([
          `reservation ${ids[1]} is not what the journal says it came to be`,
          `reservation ${ids[5]} is not what the journal says it came to be`,
          expect.stringMatching(/^change \d+ is one of a reservation that is missing$/),
          `reservation ${rows[0]!.id} is not what the journal says it came to be: it is not in there`,
        ]),
      );
  });

  test('is part of `countersign audit check`, which exits with 1', async () => {
    const { organization } = await digested();
    const check = () =>
      runCli(['audit', 'check', '--organization', organization], {
        DATABASE_URL: world.log.place.url,
        COUNTERSIGN_SECRET_KEY: world.log.secret,
      });
    await world.log.sealAll();
    expect(await check()).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(
        /\d digests of reservations compared with their journal, 0 changes waiting for theirs\n/,
      ),
    });
    await world.admin.query(`update countersign.reservations set cost = 0 where ${SETTLED}`, [organization]);
    expect(await check()).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/entry \d: the reservations of the minute \S+ are not as they were/),
    });
  });
});
