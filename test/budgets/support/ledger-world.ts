import { randomUUID } from 'node:crypto';
import type { Client, Pool } from 'pg';
import type { Database } from '../../../src/platform/database/database.ts';
import type { Budgeted } from '../../../src/budgets/budgeted.ts';
import type { ReserveOutcome } from '../../../src/budgets/holds.ts';
import type { ReservationStore } from '../../../src/budgets/reservation-store.ts';
import type { ExceededAction } from '../../../src/budgets/rules.ts';
import { plainArray } from '../../../src/platform/database/sql-arrays.ts';

/** A budget of a world, on one place of its tree. */
export interface WorldBudget {
  readonly id: string;
  readonly period: string;
  readonly team: string;
  readonly person: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly currency: string;
  readonly limit: number;
  readonly action: ExceededAction;
  readonly freeModels: readonly string[];
  readonly ceiling: number;
  readonly shares: number;
  readonly warnAt: number;
}

/** An organization with teams and budgets whose periods have been begun; every row of it is its own. */
export interface World {
  readonly organization: string;
  /** By team: the team and everything above it, the organization last. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  readonly people: readonly string[];
  /** What teams spend; those that are not among them spend dollars. */
  readonly currencies?: ReadonlyMap<string, string>;
  readonly budgets: readonly WorldBudget[];
}

export function currencyIn({ currencies }: Pick<World, 'currencies'>, team: string): string {
  return currencies?.get(team) ?? 'USD';
}

const PERIOD = [`'2026-11-01T00:00:00Z'`, `'2026-12-01T00:00:00Z'`];
/** Shortly before the next period. */
export const START = new Date('2026-11-30T23:59:35Z');

/** Writes a world down: teams, budgets, begun periods, and a lease for every team that a shared budget stands above. */
export async function writeWorld(admin: Client | Pool, world: World): Promise<void> {
  const { organization, paths, budgets } = world;
  const text = (value: string | null) => (value === null ? 'null' : `'${value}'`);
  const teams = [...paths].map(
    ([team, path]) =>
      `('${team}', '${organization}', '${team}', 'Team', ${text(path[1] === organization ? null : (path[1] ?? null))}, now())`,
  );
  const shared = budgets.filter(({ shares }) => shares > 0);
  const leases = shared.flatMap(({ period, team, currency }) =>
    [...paths]
      .filter(([below, path]) => path.includes(team) && currencyIn(world, below) === currency)
      .map(([below]) => `('${randomUUID()}', '${organization}', '${period}', '${below}')`),
  );
  await admin.query(
    [
      `insert into countersign.organizations (id, name, settings, created_at) values ('${organization}', 'World', '{}', now())`,
      `insert into countersign.teams (id, organization_id, alias, name, parent_id, created_at) values ${teams.join(', ')}`,
      `insert into countersign.budget_books (id, organization_id, version) values ('${organization}', '${organization}', 1)`,
      `insert into countersign.budgets (id, organization_id, team_id, person_id, provider, model, name, amount, currency, period, exceeded_action, created_at, updated_at) values ${budgets
        .map(
          ({ id, team, person, provider, model, currency, limit, action }) =>
            `('${id}', '${organization}', '${team}', ${text(person)}, ${text(provider)}, ${text(model)}, '${id}', ${limit}, '${currency}', 'monthly', '${action}', now(), now())`,
        )
        .join(', ')}`,
      `insert into countersign.budget_periods (id, organization_id, budget_id, currency, starts_at, ends_at, limit_amount, warn_at, exceeded_action, free_models, ceiling, settled, shares, escrow, created_at) values ${budgets
        .map(
          ({ id, period, currency, limit, warnAt, action, freeModels, ceiling, shares }) =>
            `('${period}', '${organization}', '${id}', '${currency}', ${PERIOD.join(', ')}, ${limit}, ${warnAt}, '${action}', '{${freeModels.join(',')}}', ${ceiling}, 0, ${shares}, ${shares > 0}, now())`,
        )
        .join(', ')}`,
      ...(leases.length > 0
        ? [
            `insert into countersign.budget_leases (id, organization_id, period_id, team_id) values ${leases.join(', ')}`,
          ]
        : []),
    ].join('; '),
  );
}

/** Who spends; what is not said of provider and model may be any. */
export interface Spender {
  readonly team: string;
  readonly person: string;
  readonly provider: string | null;
  readonly model: string | null;
}

/** Finds the accounts of a spend as the product does, without names and scopes of callers. All periods have been begun. */
export async function placeOf(
  database: Database,
  { organization, paths, ...world }: World,
  { team, person, provider, model }: Spender,
  at: Date,
): Promise<Budgeted> {
  const teamPath = paths.get(team)!;
  const currency = currencyIn(world, team);
  const only = (column: string, value: string | null) =>
    value === null ? 'true' : `(${column} is null or ${column} = '${value}')`;
  const onlyModel = model === null ? 'true' : `(b.model is null or countersign.is_model(b.model, '${model}'))`;
  const [row] = await database.single<{ version: number; periods: string[]; leases: string[] }>(
    organization,
    `
    select (select version from countersign.budget_books where id = '${organization}') as version,
      coalesce(array_agg(p.id) filter (where not p.escrow or b.currency <> '${currency}'), '{}') as periods, coalesce(array_agg(l.id) filter (where p.escrow and b.currency = '${currency}'), '{}') as leases
    from countersign.budgets b join countersign.budget_periods p on p.budget_id = b.id left join countersign.budget_leases l on l.period_id = p.id and l.team_id = '${team}'
    where b.team_id = any('${plainArray(teamPath)}') and p.starts_at <= '${at.toISOString()}' and p.ends_at > '${at.toISOString()}'
      and ${only('b.person_id', person)} and ${only('b.provider', provider)} and ${onlyModel}`,
  );
  return {
    team,
    teamPath,
    person,
    provider,
    model,
    currency,
    version: row!.version,
    periods: row!.periods,
    leases: row!.leases,
  };
}

export interface Asked {
  readonly id: string;
  readonly amount: string;
  readonly at: Date;
  readonly expiresAt: Date;
}

/** Reserves as the service does: reads the accounts anew, or gathers, until the answer is final. */
export async function reserveIn(
  store: ReservationStore,
  organization: string,
  { known, look }: { known: Budgeted; look: () => Promise<Budgeted> },
  { id, amount, at, expiresAt }: Asked,
): Promise<ReserveOutcome> {
  let place = known;
  let gathered = false;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const outcome = await store.reserve(
      organization,
      place,
      { id, request: Buffer.from(id.slice(0, 16)), amount, currency: place.currency, expiresAt },
      at,
      gathered,
    );
    if (outcome.outcome !== 'stale' && outcome.outcome !== 'again') return outcome;
    gathered ||= outcome.outcome === 'again';
    if (outcome.outcome === 'stale') place = await look();
  }
  throw new Error('the answer never became final');
}
