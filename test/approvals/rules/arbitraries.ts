import fc from 'fast-check';
import type {
  Absence,
  ApproverRule,
  OrganizationFacts,
  Parties,
  StageRule,
  TeamId,
} from '../../../src/approvals/rules.ts';
import { AT } from './fixtures.ts';

export const PEOPLE = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus'];
const TEAM_PATH: readonly TeamId[] = ['team', 'department', null];
const DAY = 86_400_000;

/** One request and the organization it is made in. */
export interface World {
  readonly stages: StageRule[];
  readonly facts: OrganizationFacts;
  readonly parties: Parties;
  readonly amount: string | null;
}

const person = fc.constantFrom(...PEOPLE);
const role = fc.constantFrom('manager', 'director', 'vp');
const approver: fc.Arbitrary<ApproverRule> = fc.oneof(
  { arbitrary: person.map((name) => ({ person: name })), weight: 2 },
  role.map((name) => ({ role: name })),
);
const quorum = fc.oneof(
  { arbitrary: fc.constant(1), weight: 3 },
  fc.constant(2),
  fc.constant(3),
  fc.constant('all'),
  fc.constant('majority'),
);
const amountAtLeast = fc.oneof({ arbitrary: fc.constant(null), weight: 4 }, fc.constantFrom('100', '1000.00'));
const amount = fc.constantFrom('50', '100.00', '500', '5000');

const absence: fc.Arbitrary<Absence> = fc
  .record({ person, delegate: person, begins: fc.integer({ min: -3, max: 3 }), lasts: fc.integer({ min: 1, max: 5 }) })
  .map(({ begins, lasts, ...people }) => ({
    ...people,
    from: new Date(AT.getTime() + begins * DAY),
    until: new Date(AT.getTime() + (begins + lasts) * DAY),
  }));

export const organizations: fc.Arbitrary<OrganizationFacts> = fc.record({
  teamPath: fc.constant(TEAM_PATH),
  holders: fc.uniqueArray(fc.record({ team: fc.constantFrom(...TEAM_PATH), role, person }), {
    maxLength: 8,
    selector: (held) => Object.values(held).join(),
  }),
  requestersManager: fc.option(person),
  absences: fc.array(absence, { maxLength: 3 }),
  inactive: fc.uniqueArray(person, { maxLength: 1 }).map((people) => new Set(people)),
});

const parties: fc.Arbitrary<Parties> = fc.record({ requester: fc.option(person), creator: fc.option(person) });

const stageWith = (
  times: fc.Arbitrary<Pick<StageRule, 'timeout' | 'onTimeout' | 'escalateTo' | 'reminders'>>,
  most: number,
): fc.Arbitrary<StageRule> => {
  const approvers = fc.uniqueArray(approver, {
    minLength: 1,
    maxLength: most,
    selector: (rule) => JSON.stringify(rule),
  });
  return fc
    .record({ approvers, required: quorum, amountAtLeast, times })
    .map(({ times: timing, ...rule }) => ({ ...rule, ...timing, calendar: null }));
};

const anyTimes = fc.record({
  timeout: fc.constantFrom('PT1H', 'P1D', 'P2D'),
  onTimeout: fc.constantFrom('reject', 'escalate', 'approve'),
  escalateTo: fc.array(approver, { minLength: 1, maxLength: 2 }),
  reminders: fc.constantFrom([], ['PT30M']),
});
const noTimes = fc.constant({ timeout: null, onTimeout: 'reject', escalateTo: [], reminders: [] } as const);

export const chains = fc.array(stageWith(anyTimes, 4), { minLength: 1, maxLength: 3 });

/** Any world, with chains that may be impossible to meet. */
export const worlds: fc.Arbitrary<World> = fc.record({ stages: chains, facts: organizations, parties, amount });

/** Worlds in which nothing but decisions happens, and few enough of them to try all. */
export const smallWorlds: fc.Arbitrary<World> = fc.record({
  stages: fc.array(stageWith(noTimes, 3), { minLength: 1, maxLength: 3 }),
  facts: organizations,
  parties,
  amount,
});

type Kind = 'approve' | 'reject' | 'request_changes';

/** What may happen to a request, in terms that fit whatever state it is in by then. */
export type Step =
  | {
      readonly what: 'decide';
      readonly by: 'asked' | 'anybody';
      readonly nth: number;
      readonly decision: Kind;
      readonly revision: number | undefined;
    }
  | { readonly what: 'reassign'; readonly by: 'asked' | 'anybody'; readonly nth: number; readonly to: string }
  | {
      readonly what: 'resubmit';
      readonly stages: StageRule[] | undefined;
      readonly amount: string | undefined;
      readonly contextChanged: boolean;
      readonly textChanged: boolean;
    }
  | { readonly what: 'time'; readonly due: boolean; readonly stage: number; readonly revision: number }
  | { readonly what: 'remind'; readonly stage: number; readonly revision: number }
  | { readonly what: 'organization'; readonly facts: OrganizationFacts; readonly told: boolean }
  | { readonly what: 'wait'; readonly hours: number }
  | { readonly what: 'open' | 'withdraw' | 'expire' };

const what = <const Name extends Step['what']>(name: Name) => fc.constant(name);
const nth = fc.nat({ max: 6 });
const by = fc.oneof({ arbitrary: fc.constant('asked' as const), weight: 5 }, fc.constant('anybody' as const));
const stage = fc.nat({ max: 2 });
const revision = fc.integer({ min: 1, max: 3 });
const seenRevision = fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, revision);
const decision: fc.Arbitrary<Kind> = fc.oneof(
  { arbitrary: fc.constant('approve'), weight: 12 },
  { arbitrary: fc.constant('request_changes'), weight: 2 },
  fc.constant('reject'),
);
const newStages = fc.option(chains, { nil: undefined, freq: 4 });
const newAmount = fc.option(amount, { nil: undefined });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 24, arbitrary: fc.record({ what: what('decide'), by, nth, decision, revision: seenRevision }) },
  { weight: 3, arbitrary: fc.record({ what: what('reassign'), by, nth, to: person }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: what('resubmit'),
      stages: newStages,
      amount: newAmount,
      contextChanged: fc.boolean(),
      textChanged: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: what('time'), due: fc.boolean(), stage, revision }) },
  { weight: 1, arbitrary: fc.record({ what: what('remind'), stage, revision }) },
  { weight: 4, arbitrary: fc.record({ what: what('organization'), facts: organizations, told: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ what: what('wait'), hours: fc.integer({ min: 1, max: 48 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constantFrom('open' as const, 'withdraw' as const, 'expire' as const) }),
  },
);

export const steps = fc.array(step, { minLength: 5, maxLength: 30, size: 'max' });
