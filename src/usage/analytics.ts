import { InvalidRequest } from '../platform/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Caller } from '../platform/http/caller.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import {
  currencyOf,
  demand,
  organizationById,
  type People,
  type Profiles,
  teamByAlias,
  teamsDownwards,
  teamsUpwards,
  timezoneAmong,
} from '../tenancy/service.ts';
import { peopleIn } from './folding.ts';
import { type Dimension, sumUsage, type UsageSums } from './reads.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const LONGEST_DAYS = 400;

export const ANALYTICS_PARTS = ['usage', 'models', 'members'] as const;
export type AnalyticsPart = (typeof ANALYTICS_PARTS)[number];

export interface AnalyticsQuery {
  readonly include: readonly AnalyticsPart[];
  readonly from: Date | null;
  readonly to: Date | null;
  /** Whether the teams below count too. */
  readonly descendants: boolean;
}

/** Usage of a team as far as it was asked for; null: it was not. Amounts may come in several currencies. */
export interface TeamAnalytics {
  readonly from: Date;
  readonly to: Date;
  /** The team's. */
  readonly currency: string;
  readonly usage: { readonly models: readonly UsageSums[]; readonly days: readonly UsageSums[] } | null;
  /** By provider and model; those that are not among the dearest together (`folding.ts`), as members are. */
  readonly models: readonly UsageSums[] | null;
  /** By person; without the histogram of latencies, as days are. */
  readonly members: readonly UsageSums[] | null;
  readonly profiles: Profiles;
}

/** What a team has used, from the rollups. */
export class UsageAnalytics {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; people: People; clock: Clock }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#clock = parts.clock;
  }

  /** @throws ProblemError `not-found`, `forbidden`; InvalidRequest where the time is none, or too long */
  async ofTeam(caller: Caller, teamAlias: string, query: AnalyticsQuery): Promise<TeamAnalytics> {
    const { organization } = caller;
    // Where nobody asks for more precision, full hours are read: rollups alone.
    const to = query.to ?? new Date(Math.ceil(this.#clock.now().getTime() / HOUR_MS) * HOUR_MS);
    const from = query.from ?? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS);
    if (from >= to) throw new InvalidRequest([{ path: 'query.from', message: 'must be earlier than `to`' }]);
    if (to.getTime() - from.getTime() > LONGEST_DAYS * DAY_MS)
      throw new InvalidRequest([{ path: 'query.from', message: `must be at most ${LONGEST_DAYS} days before \`to\`` }]);
    return this.#work.read(organization, async (em) => {
      const team = await teamByAlias(em, organization, teamAlias);
      const upwards = await teamsUpwards(em, team.id);
      demand(caller, 'billing.read', [...upwards.map((above) => above.id), organization]);
      const teams = query.descendants ? await teamsDownwards(em, [team.id]) : [team.id];
      const currency = currencyOf(upwards);
      const sums = (dimensions: Dimension[], histogram: boolean) =>
        sumUsage(em, { organization, teams, from, to }, dimensions, { histogram, dearestIn: currency });
      const timezone = timezoneAmong(upwards, (await organizationById(em, organization)).settings);
      const wants = (part: AnalyticsPart) => query.include.includes(part);
      // Totals and providers are added up from the models: reading everything once more would take as long again.
      const models = wants('models') || wants('usage') ? await sums(['provider', 'model'], true) : null;
      const usage = models && wants('usage') ? { models, days: await sums([{ day: timezone }], false) } : null;
      const members = wants('members') ? await sums(['person'], false) : null;
      const profiles = await this.#people.profiles(em, organization, peopleIn(members ?? []));
      return {
        from,
        to,
        currency,
        usage,
        models: wants('models') ? models : null,
        members,
        profiles,
      };
    });
  }
}
