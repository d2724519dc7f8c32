import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, NotFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import { type People, placedTeams } from '../tenancy/service.ts';
import type { Budgeted } from './budgeted.ts';
import { BudgetLease } from './entities.ts';
import type { PeriodKeeper } from './period-keeper.ts';
import { plainArray } from '../platform/database/sql-arrays.ts';

/** Who wants to spend, as the caller says it. */
export interface Spender {
  readonly team: string;
  readonly user: string;
  readonly provider: string | null;
  readonly model: string | null;
}

interface Found {
  readonly budget: string;
  /** Whether it is in another currency than the team spends: such a budget leases the team nothing. */
  readonly converts: boolean;
  readonly period: string | null;
  readonly escrow: boolean | null;
  readonly lease: string | null;
}

/** Who a spender is. */
export interface Whereabouts {
  readonly team: string;
  readonly teamPath: readonly string[];
  readonly currency: string;
  /** Null: the organization has no such user. */
  readonly person: string | null;
}

interface Place {
  readonly whereabouts: Whereabouts;
  /** Null: nobody is there who could spend. */
  readonly budgeted: Budgeted | null;
  /** Budgets whose period has not been begun. */
  readonly missing: readonly string[];
  /** Shared periods that the team has no part of yet. */
  readonly unleased: readonly string[];
  /** Once somebody needs what is missing. */
  begun?: Promise<void>;
}

const REMEMBERED_FOR_MS = 5_000;
const REMEMBERED_AT_MOST = 20_000;

/**
 * Finds out in which budgets a spend counts, and remembers it for moments. What is remembered may be out of date: the
 * function that reserves compares its version, and says so.
 */
export class BudgetedPlaces {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #keeper: PeriodKeeper;
  readonly #remembered = new Map<string, { place: Promise<Place>; until: number }>();

  constructor(parts: { work: UnitOfWork; people: People; keeper: PeriodKeeper }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#keeper = parts.keeper;
  }

  /** Changes nothing, so that it can be asked before it is known whether the caller may. @throws NotFound for a team */
  async find(organization: string, spender: Spender, at: Date): Promise<Whereabouts> {
    return (await this.#place(organization, spender, at)).whereabouts;
  }

  /**
   * Begins what is missing: a new period has come, or a team spends from a shared budget for the first time.
   * @throws NotFound for a team, InvalidRequest for a user that the organization does not have
   */
  async ready(organization: string, spender: Spender, at: Date): Promise<Budgeted> {
    const found = await this.#place(organization, spender, at);
    if (isReady(found)) return budgetedIn(found);
    found.begun ??= this.#begin(organization, found, at);
    try {
      await found.begun;
    } finally {
      this.forget(organization, spender);
    }
    return budgetedIn(await this.#place(organization, spender, at));
  }

  /** What was remembered has turned out to be out of date. */
  forget(organization: string, spender: Spender): void {
    this.#remembered.delete(keyOf(organization, spender));
  }

  #place(organization: string, spender: Spender, at: Date): Promise<Place> {
    const key = keyOf(organization, spender);
    const known = this.#remembered.get(key);
    if (known && known.until > performance.now()) return known.place;
    const place = this.#read(organization, spender, at);
    this.#remember(key, place);
    const forget = () => this.#remembered.delete(key);
    place.then(({ budgeted }) => (budgeted === null ? forget() : null), forget);
    return place;
  }

  #remember(key: string, place: Promise<Place>): void {
    if (this.#remembered.size >= REMEMBERED_AT_MOST) this.#remembered.clear();
    this.#remembered.set(key, { place, until: performance.now() + REMEMBERED_FOR_MS });
  }

  #read(organization: string, spender: Spender, at: Date): Promise<Place> {
    return this.#work.read(organization, async (em) => {
      const team = (await placedTeams(em, organization, [spender.team])).get(spender.team);
      if (!team) throw new NotFound('team');
      const person = (await this.#people.idsOf(em, organization, [spender.user])).get(spender.user) ?? null;
      const whereabouts = { team: team.id, teamPath: team.path, currency: team.currency, person };
      if (person === null) return { whereabouts, budgeted: null, missing: [], unleased: [] };
      const [book] = await em.execute<{ version: number }[]>(
        'select version from countersign.budget_books where id = ?',
        [organization],
      );
      const { provider, model } = spender;
      const found = await applicable(em, { ...whereabouts, person, provider, model }, at);
      return {
        whereabouts,
        budgeted: {
          ...whereabouts,
          person,
          provider,
          model,
          version: book?.version ?? 0,
          periods: found.flatMap(({ period, lease }) => (period !== null && lease === null ? [period] : [])),
          leases: found.flatMap(({ lease }) => (lease === null ? [] : [lease])),
        },
        missing: found.filter(({ period }) => period === null).map(({ budget }) => budget),
        unleased: found.flatMap(({ converts, period, escrow, lease }) =>
          period !== null && escrow && lease === null && !converts ? [period] : [],
        ),
      };
    });
  }

  async #begin(organization: string, { whereabouts, missing, unleased }: Place, at: Date): Promise<void> {
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    if (missing.length > 0) await this.#keeper.bringUpToDate(organization, missing, at);
    if (unleased.length > 0) {
      await this.#work.bookkeep(origin, async ({ em }) => {
        const leases = unleased.map((period) => ({ id: newId(at), organization, period, team: whereabouts.team }));
        await em.createQueryBuilder(BudgetLease).insert(leases).onConflict(['period', 'team']).ignore().execute();
      });
    }
  }
}

function isReady({ missing, unleased }: Place): boolean {
  return missing.length === 0 && unleased.length === 0;
}

function budgetedIn({ budgeted }: Place): Budgeted {
  if (budgeted) return budgeted;
  throw new InvalidRequest([{ path: 'user_id', message: 'there is no such user in your organization' }]);
}

/**
 * Periods whose override has ended are found as missing, so that their limit is counted again. A spender who leaves provider or
 * model open is found in the budgets of every one: it may become any of them.
 */
function applicable(
  em: EntityManager,
  place: Omit<Budgeted, 'version' | 'periods' | 'leases'>,
  at: Date,
): Promise<Found[]> {
  return em.execute<Found[]>(
    `select b.id as budget, b.currency <> ?::text as converts, p.id as period, p.escrow, case when p.escrow then l.id end as lease
     from countersign.budgets b
       left join countersign.budget_periods p on p.budget_id = b.id
         and p.starts_at <= ?::timestamptz and p.ends_at > ?::timestamptz
         and (p.limit_until is null or p.limit_until > ?::timestamptz)
       left join countersign.budget_leases l on l.period_id = p.id and l.team_id = ?::uuid and b.currency = ?::text
     where b.retired_at is null and b.team_id = any(?::uuid[]) and (b.person_id is null or b.person_id = ?::uuid)
       and (b.provider is null or coalesce(?::text, b.provider) = b.provider)
       and (b.model is null or countersign.is_model(b.model, coalesce(?::text, b.model)))`,
    [
      place.currency,
      at,
      at,
      at,
      place.team,
      place.currency,
      plainArray(place.teamPath),
      place.person,
      place.provider,
      place.model,
    ],
  );
}

function keyOf(organization: string, { team, user, provider, model }: Spender): string {
  return JSON.stringify([organization, team, user, provider, model]);
}
