import type { z } from 'zod';
import { presentBudget } from '../budgets/service.ts';
import { amountOf } from '../platform/http/schemas.ts';
import { type Amount, addAmounts, exactly } from '../platform/money.ts';
import { presentAlertSettings } from '../tenancy/service.ts';
import { ALL_OTHERS, costsOf, type UsageSums } from '../usage/service.ts';
import { TOKEN_COLUMNS, type TokenColumn } from '../usage/rules/token-kinds.ts';
import type { Projection } from './rules/projection/project.ts';
import type { Recommendation } from './rules/recommendations/model.ts';
import type { billSchema, projectionSchema, recommendationSchema } from './schemas.ts';
import type { TeamBill } from './team-billing.ts';

/** No user id has brackets: this one cannot be mistaken for somebody’s. */
const ERASED = '(erased)';
const HIGH_CONFIDENCE = 0.7;
const MEDIUM_CONFIDENCE = 0.4;

/** A bill as callers see it. @param team the id that the caller has for the team */
export function presentBill(team: string, descendants: boolean, bill: TeamBill): z.input<typeof billSchema> {
  const { currency } = bill.team;
  return {
    team_id: team,
    currency,
    descendants,
    billing_period: presentPeriod(bill),
    charges: presentCharges(bill),
    budgets: bill.budgets.map(presentBudget),
    budget_alerts: presentAlerts(bill),
    projection: presentProjection(bill.projection, bill.limit, currency),
    recommendations: bill.recommendations.map(presentRecommendation),
  };
}

function presentPeriod({ team, period, now, spending, profiles }: TeamBill) {
  const { currency, calendar } = team;
  const { models, members } = spending;
  const costs = costsOf(models);
  const total = costs.get(currency) ?? exactly(0);
  const count = (of: (sum: UsageSums) => number) => models.reduce((sum, one) => sum + of(one), 0);
  return {
    period: period.name,
    start: period.from.toISOString(),
    end: period.until.toISOString(),
    timezone: calendar.timezone,
    state: stateOf(period, now),
    total_cost: total.toNumber(),
    amount: amountOf(total, currency),
    total_requests: count((sum) => sum.events),
    failed_requests: count((sum) => sum.failures),
    unpriced_requests: count((sum) => sum.unpriced),
    tokens: Object.fromEntries(TOKEN_COLUMNS.map((kind) => [kind, count((sum) => sum.tokens[kind])])) as Record<
      TokenColumn,
      number
    >,
    breakdown_by_provider: sharesBy(models, currency, ({ keys }) => keys[0] ?? ''),
    breakdown_by_model: Object.fromEntries(
      [...Map.groupBy(models, ({ keys }) => keys[1] ?? '')].map(([model, sums]) => [
        model,
        { ...shareOf(sums, currency), providers: [...new Set(sums.map(({ keys }) => keys[0] ?? ''))].toSorted() },
      ]),
    ),
    breakdown_by_member: sharesBy(members, currency, ({ keys: [member = ''] }) =>
      member === ALL_OTHERS ? ALL_OTHERS : (profiles.of(member).alias ?? ERASED),
    ),
    other_currencies: [...costs].filter(([other]) => other !== currency).map(([other, cost]) => amountOf(cost, other)),
  };
}

function stateOf({ from, until }: TeamBill['period'], now: Date): 'past' | 'current' | 'future' {
  if (until <= now) return 'past';
  return from <= now ? 'current' : 'future';
}

function sharesBy(sums: readonly UsageSums[], currency: string, keyOf: (sum: UsageSums) => string) {
  return Object.fromEntries([...Map.groupBy(sums, keyOf)].map(([key, same]) => [key, shareOf(same, currency)]));
}

function shareOf(sums: readonly UsageSums[], currency: string) {
  const own = sums.filter((sum) => sum.currency === currency);
  const cost = own.reduce((total, sum) => addAmounts(total, sum.cost), exactly(0));
  return {
    cost: cost.toNumber(),
    requests: sums.reduce((total, { events }) => total + events, 0),
    amount: amountOf(cost, currency),
  };
}

function presentCharges({ charges, team: { currency } }: TeamBill): z.input<typeof billSchema>['charges'] {
  const aliasOf = (team: string) => charges.aliases.get(team) ?? '';
  return {
    charged: amountOf(charges.charged, currency),
    allocations: charges.transfers.map(({ from, to, method, amount }) => ({
      from_team_id: aliasOf(from),
      to_team_id: aliasOf(to),
      method,
      amount: amountOf(amount, currency),
    })),
    cost_centers: charges.costCenters.map(({ costCenter, amount }) => ({
      cost_center: costCenter,
      amount: amountOf(amount, currency),
    })),
  };
}

function presentAlerts({ alertSettings, alerts }: TeamBill): z.input<typeof billSchema>['budget_alerts'] {
  return { ...presentAlertSettings(alertSettings), current_alerts: [...alerts] };
}

function presentProjection(
  projection: Projection,
  limit: Amount | null,
  currency: string,
): z.input<typeof projectionSchema> {
  return {
    projected_cost: projection.cost,
    currency,
    interval_80: [...projection.interval80],
    interval_95: [...projection.interval95],
    confidence: projection.confidence,
    confidence_level: levelOf(projection.confidence),
    based_on_days: projection.basedOnDays,
    budget: limit && amountOf(limit, currency),
    probability_of_exceeding: projection.probabilityOfExceeding,
    trend: projection.trend,
  };
}

function levelOf(confidence: number): 'low' | 'medium' | 'high' {
  if (confidence >= HIGH_CONFIDENCE) return 'high';
  return confidence >= MEDIUM_CONFIDENCE ? 'medium' : 'low';
}

function presentRecommendation(found: Recommendation): z.input<typeof recommendationSchema> {
  return {
    priority: found.priority,
    category: found.category,
    from: found.from,
    ...(found.to ? { to: found.to } : {}),
    estimated_monthly_savings: found.savings,
    interval: [...found.interval],
    implementation_effort: found.effort,
    message: found.message,
  };
}
