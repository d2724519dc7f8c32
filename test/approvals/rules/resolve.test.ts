import { describe, expect, test } from '@jest/globals';
import { type OrganizationFacts, resolveStage, type StageRule, waitingStages } from '../../../src/approvals/rules.ts';
import { absent, AT, DEPARTMENT, facts, holder, PARTIES, stage, TEAM } from './fixtures.ts';

const resolve = (rule: StageRule, known: Partial<OrganizationFacts> = {}, counted: string[] = [], at = AT) => {
  const [waiting] = waitingStages([rule]);
  if (waiting === undefined) throw new Error('a stage was given');
  return resolveStage(waiting, facts(known), PARTIES, new Set(counted), at);
};
const people = (...parameters: Parameters<typeof resolve>) =>
  resolve(...parameters).candidates.map((candidate) => candidate.person);

describe('who is named', () => {
  test('people are asked in the order they are named, each once', () => {
    expect(people(stage(['ann', 'bob', 'ann']))).toEqual(['ann', 'bob']);
  });

  test('a person who is named and holds a role is asked for the first reason', () => {
    const holders = [holder('vp', 'ann'), holder('vp', 'bob')];
    expect(resolve(stage(['ann', '@vp']), { holders }).candidates).toEqual([
      { person: 'ann', reason: { type: 'named' }, onBehalfOf: null },
      { person: 'bob', reason: { type: 'role', role: 'vp', team: TEAM }, onBehalfOf: null },
    ]);
  });

  test('a role means its holders in the nearest team that has one who may decide', () => {
    const holders = [
      holder('vp', 'far', null),
      holder('vp', 'near', DEPARTMENT),
      holder('vp', 'beside', DEPARTMENT),
      holder('director', 'other'),
    ];
    expect(people(stage(['@vp']), { holders })).toEqual(['near', 'beside']);
    expect(people(stage(['@vp']), { holders: [...holders, holder('vp', 'requester')] })).toEqual(['near', 'beside']);
    expect(people(stage(['@vp']), { holders, inactive: new Set(['near', 'beside']) })).toEqual(['far']);
  });

  test('an absent holder keeps the team: the delegate answers, not the team above', () => {
    const holders = [holder('vp', 'near'), holder('vp', 'far', null)];
    expect(people(stage(['@vp']), { holders, absences: [absent('near', 'dee')] })).toEqual(['dee']);
  });
});

describe('the manager', () => {
  const holders = [holder('manager', 'teamlead'), holder('manager', 'colead')];

  test('is the requester’s own where set', () => {
    expect(resolve(stage(['@manager']), { holders, requestersManager: 'boss' }).candidates).toEqual([
      { person: 'boss', reason: { type: 'manager' }, onBehalfOf: null },
    ]);
  });

  test('is otherwise everybody who holds the role', () => {
    expect(people(stage(['@manager']), { holders })).toEqual(['teamlead', 'colead']);
  });

  test.each([
    ['made the request', 'creator', []],
    ['can no longer decide', 'boss', ['boss']],
  ])('is everybody who holds the role also where the own manager %s', (_why, requestersManager, inactive) => {
    expect(people(stage(['@manager']), { holders, requestersManager, inactive: new Set(inactive) })).toEqual([
      'teamlead',
      'colead',
    ]);
  });

  test('other roles do not follow the manager', () => {
    expect(people(stage(['@director']), { holders: [holder('director', 'dan')], requestersManager: 'boss' })).toEqual([
      'dan',
    ]);
  });
});

describe('separation of duties', () => {
  test('neither requester nor creator is asked', () => {
    expect(people(stage(['requester', 'ann', 'creator']))).toEqual(['ann']);
  });

  test('nobody stands in for them', () => {
    expect(
      people(stage(['requester', 'creator', 'ann']), {
        absences: [absent('requester', 'dee'), absent('creator', 'eve')],
      }),
    ).toEqual(['ann']);
  });

  test('they stand in for nobody, not even on the way to somebody else', () => {
    expect(
      people(stage(['ann', 'bob']), { absences: [absent('ann', 'requester'), absent('requester', 'dee')] }),
    ).toEqual(['bob']);
  });
});

describe('delegates', () => {
  test('answer for who is absent, and say for whom', () => {
    expect(resolve(stage(['ann']), { absences: [absent('ann', 'dee')] }).candidates).toEqual([
      { person: 'dee', reason: { type: 'delegate', of: 'ann', because: { type: 'named' } }, onBehalfOf: 'ann' },
    ]);
  });

  test('who are absent are followed to their own', () => {
    expect(
      resolve(stage(['ann']), { absences: [absent('ann', 'bob'), absent('bob', 'dee')] }).candidates,
    ).toMatchObject([{ person: 'dee', onBehalfOf: 'ann' }]);
  });

  test('in a circle lead to nobody', () => {
    expect(
      people(stage(['ann', 'sam']), { absences: [absent('ann', 'bob'), absent('bob', 'dee'), absent('dee', 'bob')] }),
    ).toEqual(['sam']);
    expect(people(stage(['ann', 'sam']), { absences: [absent('ann', 'ann')] })).toEqual(['sam']);
  });

  test('who can no longer decide lead to nobody', () => {
    expect(people(stage(['ann', 'sam']), { absences: [absent('ann', 'dee')], inactive: new Set(['dee']) })).toEqual([
      'sam',
    ]);
  });

  test('who are asked themselves count once, for their own reason', () => {
    const { candidates, problems } = resolve(stage(['ann', 'dee'], { required: 'all' }), {
      absences: [absent('ann', 'dee')],
    });
    expect(candidates).toEqual([{ person: 'dee', reason: { type: 'named' }, onBehalfOf: null }]);
    expect(problems).toMatchObject([
      { code: 'not-enough-approvers', required: 2, available: 1, leftOut: { sharedDelegate: 1 } },
    ]);
  });

  test('of two absent people count once', () => {
    expect(
      resolve(stage(['ann', 'bob']), { absences: [absent('ann', 'dee'), absent('bob', 'dee')] }).candidates,
    ).toMatchObject([{ person: 'dee', onBehalfOf: 'ann' }]);
  });

  test.each([
    ['the absence has not begun', '2026-10-31T23:59:59.999Z', 'ann'],
    ['it begins', '2026-11-01T00:00:00Z', 'dee'],
    ['it lasts', '2026-11-30T23:59:59.999Z', 'dee'],
    ['it is over', '2026-12-01T00:00:00Z', 'ann'],
  ])('when %s', (_when, at, expected) => {
    expect(people(stage(['ann']), { absences: [absent('ann', 'dee')] }, [], new Date(at))).toEqual([expected]);
  });
});

describe('the quorum', () => {
  const three = ['ann', 'bob', 'cid'];

  test.each([
    [1, 1],
    [3, 3],
    ['all', 3],
    ['majority', 2],
  ] as const)('%s of three needs %i', (required, needed) => {
    expect(resolve(stage(three, { required })).required).toBe(needed);
  });

  test.each([
    ['all', 4],
    ['majority', 3],
  ] as const)(
    '%s counts who is left after requester, creator and inactive people are taken out',
    (required, needed) => {
      const named = [...three, 'requester', 'creator', 'gone', 'dan'];
      expect(resolve(stage(named, { required }), { inactive: new Set(['gone']) }).required).toBe(needed);
    },
  );

  test('people who have decided already are not asked, and still count for the number', () => {
    const { candidates, required, problems } = resolve(stage(three, { required: 'all' }), {}, ['bob']);
    expect(candidates.map((candidate) => candidate.person)).toEqual(['ann', 'cid']);
    expect(required).toBe(3);
    expect(problems).toMatchObject([{ code: 'not-enough-approvers', available: 2, leftOut: { decided: 1 } }]);
  });

  test('a number stays what it is, also where it can never be reached', () => {
    expect(resolve(stage(three, { required: 5 })).problems).toMatchObject([{ required: 5, available: 3 }]);
  });

  test.each(['all', 'majority', 1] as const)('%s of nobody can never be met', (required) => {
    const { problems } = resolve(stage(['@vp', 'requester'], { required }), { holders: [holder('vp', 'creator')] });
    expect(problems).toEqual([
      {
        code: 'not-enough-approvers',
        stage: 0,
        required: 1,
        available: 0,
        leftOut: { parties: 1, inactive: 0, absent: 0, sharedDelegate: 0, decided: 0, vacantRoles: ['vp'] },
      },
    ]);
  });

  test('enough people are no problem', () => {
    expect(resolve(stage(three, { required: 2 }), { absences: [absent('ann', 'requester')] }).problems).toEqual([]);
  });
});
