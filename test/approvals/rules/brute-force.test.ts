import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Approval,
  chainProblems,
  type Context,
  countedPeople,
  handle,
  newApproval,
  openStageOf,
} from '../../../src/approvals/rules.ts';
import { findCompetitions } from '../../../src/approvals/rules/matching.ts';
import { PEOPLE, smallWorlds, type World } from './arbitraries.ts';
import { AT, decision } from './fixtures.ts';

describe('feasibility', () => {
  test('says yes if and only if some order of approvals by those who are asked approves the request', () => {
    const seen = { possible: 0, impossible: 0 };
    fc.assert(
      fc.property(smallWorlds, (world) => {
        const { stages, facts, parties, amount } = world;
        const problems = chainProblems({ stages, origin: 'chain' }, facts, parties, amount, AT, new Map());
        const possible = canBeApproved(world);
        seen[possible ? 'possible' : 'impossible'] += 1;
        expect(problems.length === 0).toBe(possible);
      }),
      { numRuns: 1500 },
    );
    expect(Math.min(seen.possible, seen.impossible)).toBeGreaterThan(150);
  });
});

describe('findCompetitions', () => {
  const people = fc.uniqueArray(fc.constantFrom(...PEOPLE), { minLength: 1, maxLength: 5 });
  const demands = fc
    .array(fc.record({ required: fc.integer({ min: 1, max: 3 }), people }), { minLength: 1, maxLength: 5 })
    .map((list) => list.map((demand, stage) => ({ ...demand, stage })));

  test('finds something if and only if some stages need more people than they have between them (Hall)', () => {
    fc.assert(
      fc.property(demands, (list) => {
        const violated = subsetsOf(list).some((subset) => needs(subset) > has(subset));
        expect(findCompetitions(list).length > 0).toBe(violated);
      }),
      { numRuns: 1000 },
    );
  });

  test('names stages that do, each at most once, with the right figures', () => {
    fc.assert(
      fc.property(demands, (list) => {
        const found = findCompetitions(list);
        for (const { stages, required, available } of found) {
          const members = list.filter((demand) => stages.includes(demand.stage));
          expect({ required, available }).toEqual({ required: needs(members), available: has(members) });
          expect(required).toBeGreaterThan(available);
        }
        const named = found.flatMap((competition) => competition.stages);
        expect(new Set(named).size).toBe(named.length);
      }),
      { numRuns: 500 },
    );
  });
});

type Need = { readonly required: number; readonly people: readonly string[] };

const needs = (subset: readonly Need[]) => subset.reduce((sum, demand) => sum + demand.required, 0);
const has = (subset: readonly Need[]) => new Set(subset.flatMap((demand) => demand.people)).size;

function subsetsOf<T>(list: readonly T[]): T[][] {
  return list.reduce<T[][]>((subsets, item) => [...subsets, ...subsets.map((subset) => [...subset, item])], [[]]);
}

/** Tries every order in which those who are asked could approve. */
function canBeApproved({ stages, facts, parties, amount }: World): boolean {
  const context: Context = { at: AT, facts, calendars: new Map() };
  const created = newApproval({ parties, amount, chain: { stages, origin: 'chain' }, createdAt: AT, expiresAt: null });
  const opened = handle(created, { type: 'open' }, context);
  return 'approval' in opened && leadsToApproval(opened.approval, context, new Set());
}

function leadsToApproval(approval: Approval, context: Context, tried: Set<string>): boolean {
  if (approval.state === 'approved') return true;
  const decided = countedPeople(approval);
  const stage = openStageOf(approval);
  // What can still happen depends on the open stage, its approvals, and on who has decided, not on the order.
  const key = `${stage?.index} ${stage?.decisions.length} ${[...decided].toSorted().join()}`;
  if (stage === null || tried.has(key)) return false;
  tried.add(key);
  return stage.asked
    .filter(({ person }) => !decided.has(person))
    .some(({ person }) => {
      const handled = handle(approval, decision(person), context);
      return 'approval' in handled && leadsToApproval(handled.approval, context, tried);
    });
}
