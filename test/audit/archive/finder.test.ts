import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EntryFinder } from '../../../src/audit/archive/entry-finder.ts';
import type { Place } from '../../../src/audit/reading/cursor.ts';
import type { EntryCondition } from '../../../src/audit/reading/entry-filter.ts';
import type { StoredEntry } from '../../../src/audit/reading/entry-store.ts';
import { newId } from '../../../src/platform/ids.ts';
import type { Staff } from '../support/staff.ts';
import { ArchiveWorld, FEBRUARY, JANUARY, partitionOf } from './archive-world.ts';

const MINUTE = 60_000;
/** What one page looks through, and more than that. */
const LOOKED_AT_MOST = 16;
const MANY = 18;

let world: ArchiveWorld;
let staff: Staff;
let everything: StoredEntry[];
let team: string;

/** January and February are archived by the time of the tests. */
beforeAll(async () => {
  world = await ArchiveWorld.open();
  staff = await world.organization({ january: 25, february: 40 });
  team = newId();
  for (let n = 0; n < 6; n += 1) {
    await staff.act('jane', {
      at: new Date(FEBRUARY.start.getTime() + n * 7 * MINUTE),
      record: {
        action: 'approval.reasons_read',
        resource: { type: 'approval', id: newId() },
        team,
        outcome: n % 2 === 0 ? 'denied' : 'success',
      },
    });
  }
  await world.log.sealAll();
  everything = await pages({}, 200);
  await world.run();
  await world.log.sealAll();
});

afterAll(() => world?.close());

/** All pages, one after the other. */
async function pages(condition: EntryCondition, limit: number, of: Staff = staff): Promise<StoredEntry[]> {
  const finder = new EntryFinder(world.entries);
  const found: StoredEntry[] = [];
  let before: Place | null = null;
  do {
    const page = await world.log.work.read(of.organization, (em) =>
      finder.find(em, of.organization, condition, { before, limit }),
    );
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    found.push(...page.entries);
    before = page.next;
  } while (before !== null);
  return found;
}

const ids = (entries: readonly StoredEntry[]) => entries.map(({ id }) => id);

const anyMoment = fc.option(
  fc
    .integer({ min: JANUARY.start.getTime() - MINUTE, max: FEBRUARY.start.getTime() + 60 * MINUTE })
    .map((at) => new Date(at)),
  { nil: undefined },
);

describe('what is asked of a log of which a part is archived', () => {
  test('is answered as before, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          from: anyMoment,
          to: anyMoment,
          action: fc.constantFrom(undefined, 'team.made', 'approval.reasons_read', 'webhook.created'),
          outcome: fc.constantFrom(undefined, 'denied' as const, 'success' as const),
        }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 60 }),
        async (asked, ofTeam, ofJane, limit) => {
          const condition: EntryCondition = {
            ...asked,
            ...(ofTeam && { teams: [team], team }),
            ...(ofJane && { actors: [staff.id('jane')] }),
          };
          const { from, to, action, outcome } = asked;
          const expected = everything.filter(({ leaf, at }) => {
            const fields = JSON.parse(leaf) as {
              team: string | null;
              actor: { ref: string | null };
              action: string;
              outcome: string;
            };
            return (
              (!from || at >= from) &&
              (!to || at < to) &&
              (!action || fields.action === action) &&
              (!outcome || fields.outcome === outcome) &&
              (!ofTeam || fields.team === team) &&
              (!ofJane || fields.actor.ref === staff.id('jane'))
            );
          });
          // What was recorded since is newer than all of it.
          const found = (await pages(condition, limit)).filter(({ leaf }) => !leaf.includes('"audit.archived"'));
          expect(ids(found)).toEqual(ids(expected));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('has the same entries in it, whole and in their places', async () => {
    expect(await world.partitionExists('2016-02')).toBe(false);
    const found = (await pages({}, 50)).filter(({ leaf }) => !leaf.includes('"audit.archived"'));
    expect(found).toEqual(everything);
  });

  test('is found all the same where something was written for an archived month later', async () => {
    const late = await world.organization({ january: 0 });
    await world.makePartition('1999-07');
    const at = new Date('1999-07-03T00:00:00Z');
    await late.act('jane', { at, times: 3 });
    await world.log.sealAll();
    await world.run();
    expect(await world.partitionExists('1999-07')).toBe(false);
    await late.act('jane', { at: new Date(at.getTime() + MINUTE) });
    await world.log.sealAll();
    const inMonth = { from: new Date('1999-07-01T00:00:00Z'), to: new Date('1999-08-01T00:00:00Z') };
    expect(await pages(inMonth, 2, late)).toHaveLength(4);
  });

  test('that is rare comes in short pages rather than late', async () => {
    const busy = await world.organization({ january: 0 });
    await world.makePartition('1999-05');
    const at = new Date('1999-05-03T00:00:00Z');
    await busy.act('jane', {
      at,
      record: { action: 'approval.reasons_read', resource: { type: 'approval', id: newId() } },
    });
    await busy.act('jane', { at: new Date(at.getTime() + MINUTE), times: MANY });
    await world.log.sealAll();
    await world.run();
    expect(
      (await world.log.admin.query('select to_regclass($1) as name', [`countersign.${partitionOf('1999-05')}`])).rows,
    ).toEqual([{ name: null }]);
    const finder = new EntryFinder(world.entries, LOOKED_AT_MOST);
    const look = (before: Place | null) =>
      world.log.work.read(busy.organization, (em) =>
        finder.find(em, busy.organization, { action: 'approval.reasons_read' }, { before, limit: 10 }),
      );
    const first = await look(null);
    expect(first.entries).toEqual([]);
    expect(first.next).not.toBeNull();
    const second = await look(first.next);
    expect(second).toMatchObject({ entries: [{ at }], next: null });
  });
});
