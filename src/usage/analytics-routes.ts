import { z } from 'zod';
import { type Route, route } from '../platform/http/route.ts';
import { amountOf, amountOut, timestampOut, timestampSchema } from '../platform/http/schemas.ts';
import { teamParams } from '../tenancy/schemas.ts';
import { ANALYTICS_PARTS, type AnalyticsPart, type TeamAnalytics, type UsageAnalytics } from './analytics.ts';
import { costsOf } from './costs-of.ts';
import { ALL_OTHERS, peopleIn } from './folding.ts';
import { latencyPercentile } from './rules/latency.ts';
import type { UsageSums } from './reads.ts';
import { TOKEN_COLUMNS, type TokenColumn } from './rules/token-kinds.ts';

const whole = z.number().int();
const figures = {
  requests: whole,
  failed_requests: whole,
  success_rate: z.number().nullable(),
  unpriced_requests: whole.describe('Without a price as yet; not in `cost`'),
  cost: z.number().describe('In the team’s currency'),
  cost_per_request: z.number().nullable(),
  other_currencies: z.array(amountOut).describe('What teams below have spent in other currencies; not in the cost'),
  tokens: z.object(Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, whole])) as Record<TokenColumn, typeof whole>),
  latency_ms: z
    .object({
      average: z.number().nullable(),
      p50: z.number().nullable(),
      p95: z.number().nullable(),
      p99: z.number().nullable(),
    })
    .describe('Percentiles are estimates, off by a quarter at most'),
};
const figuresSchema = z.object(figures).meta({ id: 'UsageFigures' });

const analyticsSchema = z
  .object({
    team_id: z.string(),
    from: timestampOut,
    to: timestampOut,
    currency: z.string(),
    usage: figuresSchema
      .extend({
        by_provider: z
          .record(z.string(), figuresSchema)
          .describe(`The 50 dearest; \`${ALL_OTHERS}\` has the sums of the others`),
        by_day: z.array(z.object({ day: z.iso.date(), ...figures })).describe('Days of the team’s time zone'),
      })
      .optional(),
    models: z
      .array(z.object({ provider: z.string(), model: z.string(), ...figures }))
      .describe(
        `The 200 dearest, in their order; then one of each provider whose \`model\` is \`${ALL_OTHERS}\`, where there are more`,
      )
      .optional(),
    members: z
      .array(z.object({ user_id: z.string().nullable(), ...figures }))
      .describe(
        `The 1,000 dearest, in their order; then one whose \`user_id\` is \`${ALL_OTHERS}\`, where there are more`,
      )
      .optional(),
  })
  .meta({ id: 'TeamAnalytics' });

const querySchema = z.strictObject({
  include: z
    .string()
    .max(200)
    .refine(
      (text) => text.split(',').every(isPart),
      `must be a list of ${ANALYTICS_PARTS.join(', ')}, separated by commas`,
    )
    .optional()
    .describe(`What to show: ${ANALYTICS_PARTS.join(', ')}, separated by commas. All of it where it is left out.`),
  from: timestampSchema.optional().describe('30 days before `to`, where it is left out'),
  to: timestampSchema.optional().describe('The end of this hour, where it is left out'),
  descendants: z.enum(['true', 'false']).optional().describe('Whether the teams below count too'),
});

function isPart(text: string): text is AnalyticsPart {
  return (ANALYTICS_PARTS as readonly string[]).includes(text);
}

/** Analytics of a team over HTTP. */
export function analyticsRoutes(analytics: UsageAnalytics): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/teams/{team}/analytics',
      tag: 'Usage',
      scope: 'billing:read',
      summary: 'See what a team has used',
      params: teamParams,
      query: querySchema,
      answers: { 200: analyticsSchema },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        const include = query.include?.split(',').filter(isPart) ?? ANALYTICS_PARTS;
        const when = (text: string | undefined) => (text === undefined ? null : new Date(text));
        const found = await analytics.ofTeam(caller, params.team, {
          include,
          from: when(query.from),
          to: when(query.to),
          descendants: query.descendants === 'true',
        });
        const subjects = peopleIn(found.members ?? []);
        return { status: 200, body: present(params.team, found), subjects };
      },
    }),
  ];
}

function present(
  team: string,
  { from, to, currency, usage, models, members, profiles }: TeamAnalytics,
): z.input<typeof analyticsSchema> {
  const grouped = (sums: readonly UsageSums[], keyCount = 1) =>
    groups(sums, keyCount).map(([keys, same]) => ({ keys, ...figuresOf(same, currency) }));
  const dearestFirst = (sums: readonly UsageSums[], keyCount = 1) =>
    grouped(sums, keyCount).toSorted(
      (a, b) => Number(areOthers(a)) - Number(areOthers(b)) || b.cost - a.cost || b.requests - a.requests,
    );
  return {
    team_id: team,
    from: from.toISOString(),
    to: to.toISOString(),
    currency,
    ...(usage && {
      usage: {
        ...figuresOf(usage.models, currency),
        by_provider: Object.fromEntries(grouped(usage.models).map(({ keys, ...sums }) => [keys[0] ?? '', sums])),
        by_day: grouped(usage.days)
          .map(({ keys, ...sums }) => ({ day: keys[0] ?? '', ...sums }))
          .toSorted((a, b) => (a.day < b.day ? -1 : 1)),
      },
    }),
    ...(models && {
      models: dearestFirst(models, 2).map(({ keys, ...sums }) => ({
        provider: keys[0] ?? '',
        model: keys[1] ?? '',
        ...sums,
      })),
    }),
    ...(members && {
      members: dearestFirst(members).map(({ keys: [member], ...sums }) => ({
        user_id: member === ALL_OTHERS ? ALL_OTHERS : profiles.of(member).alias,
        ...sums,
      })),
    }),
  };
}

function areOthers({ keys }: { readonly keys: readonly string[] }): boolean {
  return keys.includes(ALL_OTHERS);
}

/** Sums whose first keys are the same belong together: they differ in further keys, and in currency. */
function groups(sums: readonly UsageSums[], keyCount: number): [keys: readonly string[], same: UsageSums[]][] {
  const byKeys = Map.groupBy(sums, ({ keys }) => keys.slice(0, keyCount).join('\n'));
  return [...byKeys.values()].map((same) => [same[0]?.keys ?? [], same]);
}

/** Floats from here on: what is shown in charts need not add up to the last digit. */
function figuresOf(sums: readonly UsageSums[], currency: string): z.input<typeof figuresSchema> {
  const add = (value: (of: UsageSums) => number) => sums.reduce((total, one) => total + value(one), 0);
  const requests = add((one) => one.events);
  const failed = add((one) => one.failures);
  // What is added up becomes a float last.
  const costs = costsOf(sums);
  const cost = costs.get(currency)?.toNumber() ?? 0;
  const measured = add((one) => one.latency.count);
  const buckets = sums.reduce<readonly number[]>(
    (total, { latency }) => latency.buckets.map((count, index) => count + (total[index] ?? 0)),
    [],
  );
  return {
    requests,
    failed_requests: failed,
    success_rate: requests === 0 ? null : (requests - failed) / requests,
    unpriced_requests: add((one) => one.unpriced),
    cost,
    cost_per_request: requests === 0 ? null : cost / requests,
    other_currencies: [...costs]
      .filter(([other]) => other !== currency)
      .map(([other, spent]) => amountOf(spent, other)),
    tokens: Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, add((one) => one.tokens[kind])])) as Record<
      TokenColumn,
      number
    >,
    latency_ms: {
      average: measured === 0 ? null : add((one) => one.latency.sumMs) / measured,
      p50: latencyPercentile(buckets, 0.5),
      p95: latencyPercentile(buckets, 0.95),
      p99: latencyPercentile(buckets, 0.99),
    },
  };
}
