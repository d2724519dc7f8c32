import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { EXCEEDED_ACTIONS, type ExceededAction } from '../../../src/budgets/rules.ts';
import { isModel } from '../../../src/usage/rules/model-names.ts';
import type { Spender, World, WorldBudget } from './ledger-world.ts';

/** Of these, `restrict` lets the last one go on. */
const MODELS = ['small', 'large'] as const;
/** Snapshots of them, as providers name what they have answered with. */
const SNAPSHOTS = ['small-2026-08-06', 'large-20260929'] as const;
const CALLS = [
  { provider: 'p', model: MODELS[0] },
  { provider: 'p', model: MODELS[1] },
  { provider: 'q', model: MODELS[1] },
  { provider: 'p', model: SNAPSHOTS[0] },
  { provider: 'p', model: SNAPSHOTS[1] },
  { provider: 'q', model: 'small-2026-13-06' },
  { provider: 'p', model: null },
  { provider: null, model: null },
];
/** What teams spend and budgets are in. Mostly the first one. */
const CURRENCIES = ['USD', 'EUR'] as const;
/** In either of two teams, either of two people. */
const SPENDERS = 2 * 2 * CALLS.length;
const LEVELS = ['organization', 'division', 'team', 'person', 'model', 'snapshot', 'provider'] as const;

/** What stands in a tree of four levels: organization, division, team, person; the numbers are drawn. */
export interface WorldPlan {
  /** Whether parts of what several teams share are leased to them. */
  readonly shared: boolean;
  /** What the two teams spend. */
  readonly currencies: readonly [first: Currency, second: Currency];
  /** Exchange rates that hold from before the start. */
  readonly rates: readonly { readonly from: Currency; readonly rate: number }[];
  readonly budgets: readonly {
    readonly level: (typeof LEVELS)[number];
    readonly currency: Currency;
    readonly limit: number;
    readonly action: ExceededAction;
    /** Made when a step says so, not before. */
    readonly later: boolean;
  }[];
}

export type Currency = (typeof CURRENCIES)[number];

export type Step =
  | {
      readonly type: 'reserve';
      readonly spender: number;
      readonly amount: number;
      readonly ttl: number;
      readonly again: boolean;
      readonly stale: boolean;
    }
  /** `early`: the call was made when the reservation was. */
  | { readonly type: 'settle'; readonly which: number; readonly cost: number; readonly early: boolean }
  | { readonly type: 'release'; readonly which: number }
  | { readonly type: 'spend'; readonly spender: number; readonly cost: number; readonly late: boolean }
  | { readonly type: 'wait'; readonly seconds: number }
  /** Asked for at the same time, each under a new id. */
  | { readonly type: 'crowd'; readonly calls: readonly { readonly spender: number; readonly amount: number }[] }
  | { readonly type: 'limit'; readonly which: number; readonly limit: number }
  /** A version of an exchange rate to the other currency, which begins so many seconds from now, or before. */
  | { readonly type: 'rate'; readonly from: Currency; readonly rate: number; readonly inSeconds: number }
  | { readonly type: 'make' }
  | { readonly type: 'gather' };

const natural = (max: number) => fc.integer({ min: 0, max });
/** Whole numbers, so that the model's sums are exact. */
const amounts = (max: number) => fc.integer({ min: 1, max: max * 10 });
const limits = fc.integer({ min: 5, max: 60 }).map((value) => value * 10);
const currency = fc.oneof({ weight: 2, arbitrary: fc.constant(CURRENCIES[0]) }, fc.constantFrom(...CURRENCIES));
/** Of powers of two, so that the model's products are exact. */
const rate = fc.constantFrom(0.25, 0.5, 1, 2);

export const plans: fc.Arbitrary<WorldPlan> = fc.record({
  shared: fc.boolean(),
  currencies: fc.tuple(currency, currency),
  rates: fc.array(fc.record({ from: fc.constantFrom(...CURRENCIES), rate }), { maxLength: 3 }),
  budgets: fc.array(
    fc.record({
      level: fc.constantFrom(...LEVELS),
      currency,
      limit: limits,
      action: fc.constantFrom('require_approval' as const, ...EXCEEDED_ACTIONS),
      later: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant('reserve' as const),
        spender: natural(SPENDERS - 1),
        amount: amounts(12),
        ttl: fc.integer({ min: 1, max: 30 }),
        again: fc.boolean(),
        stale: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('crowd' as const),
        calls: fc.array(fc.record({ spender: natural(SPENDERS - 1), amount: amounts(8) }), {
          minLength: 3,
          maxLength: 8,
        }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('settle' as const),
        which: natural(20),
        cost: amounts(12),
        early: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), which: natural(20) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('spend' as const),
        spender: natural(SPENDERS - 1),
        cost: amounts(10),
        late: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 20 }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('limit' as const), which: natural(4), limit: limits }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('rate' as const),
        from: fc.constantFrom(...CURRENCIES),
        rate,
        inSeconds: fc.integer({ min: -40, max: 20 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('make' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('gather' as const) }) },
  ),
  { minLength: 4, maxLength: 24 },
);

/** The first budget is there from the start; those that come later are not among the world's. */
export function worldOf(plan: WorldPlan): { world: World; later: WorldBudget[]; spenders: Spender[] } {
  const [organization, division, first, second] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()] as const;
  const people = [randomUUID(), randomUUID()];
  const places = {
    organization,
    division,
    team: first,
    person: first,
    model: organization,
    snapshot: organization,
    provider: organization,
  };
  const teamsBelow = new Map<string, number>([
    [organization, 3],
    [division, 3],
    [first, 1],
  ]);
  const budgets = plan.budgets.map(({ level, currency: budgetCurrency, limit, action, later }, index) => ({
    isThere: index === 0 || !later,
    budget: withLimit(
      {
        id: randomUUID(),
        period: randomUUID(),
        team: places[level],
        person: level === 'person' ? people[0]! : null,
        provider: level === 'provider' ? 'p' : null,
        model: level === 'model' ? MODELS[0] : level === 'snapshot' ? SNAPSHOTS[0] : null,
        currency: budgetCurrency,
        action,
        // The models that go on are settings of a team here; the organization says nothing of its own.
        freeModels: action === 'restrict' && places[level] !== organization ? [MODELS[1]] : [],
        shares: plan.shared && level !== 'person' ? teamsBelow.get(places[level])! : 0,
      },
      limit,
    ),
  }));
  return {
    world: {
      organization,
      people,
      currencies: new Map([
        [first, plan.currencies[0]],
        [second, plan.currencies[1]],
      ]),
      paths: new Map([
        [division, [division, organization]],
        [first, [first, division, organization]],
        [second, [second, division, organization]],
      ]),
      budgets: budgets.flatMap(({ isThere, budget }) => (isThere ? [budget] : [])),
    },
    later: budgets.flatMap(({ isThere, budget }) => (isThere ? [] : [budget])),
    spenders: [first, second].flatMap((team) =>
      people.flatMap((person) => CALLS.map((call) => ({ team, person, ...call }))),
    ),
  };
}

/** Hard limit and warning threshold are percentages of the limit. */
export function withLimit(budget: Omit<WorldBudget, 'limit' | 'ceiling' | 'warnAt'>, limit: number): WorldBudget {
  return {
    ...budget,
    limit,
    ceiling: budget.freeModels.length > 0 ? (limit * 11) / 10 : limit,
    warnAt: (limit * 8) / 10,
  };
}

/** Whether a call is for what a restriction lets go on. */
export function mayGoOn({ model }: Spender): boolean {
  return model !== null && isModel(MODELS[1], model);
}

export function otherThan(from: Currency): Currency {
  return from === CURRENCIES[0] ? CURRENCIES[1] : CURRENCIES[0];
}

/** What an open call turned out to be. A provider may answer with a snapshot of the model that it was asked for. */
export function realCall({ team, person, provider, model }: Spender, draw: number): Spender {
  const which = draw % 2;
  const real = model ?? MODELS[which]!;
  const snapshot = SNAPSHOTS[MODELS.findIndex((name) => name === real)];
  return {
    team,
    person,
    provider: provider ?? (which === 0 ? 'p' : 'q'),
    model: snapshot !== undefined && draw % 3 === 0 ? snapshot : real,
  };
}
