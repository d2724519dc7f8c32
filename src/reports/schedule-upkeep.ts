import type { EntityManager } from '@mikro-orm/postgresql';
import type { UsageReportPlan } from '../../workflows/contracts/usage-report.ts';
import type { Clock } from '../platform/clock.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import { organizationById, type Reporting, reportingOf, teamsWithReporting, teamTimezone } from '../tenancy/service.ts';
import type { ReportSchedules } from './report-schedules.ts';
import { CATCH_UP_MS, duesBetween, reportPeriod } from './rules.ts';
import { requestSchedule } from './schedule-requests.ts';
import { isReported } from './store.ts';

/** Temporal may just be about to do it by itself. */
const GIVEN_TEMPORAL_MS = 600_000;

/** What a team's settings want of Temporal. */
interface WantedSchedule {
  readonly plan: UsageReportPlan;
  /** Moments at which a report was due that was never sent. */
  readonly missed: readonly Date[];
}

/** Brings the Schedules of Temporal in step with the settings of teams, and makes up for reports that were missed. */
export class ScheduleUpkeep {
  readonly #work: UnitOfWork;
  readonly #schedules: ReportSchedules;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; schedules: ReportSchedules; clock: Clock }) {
    this.#work = parts.work;
    this.#schedules = parts.schedules;
    this.#clock = parts.clock;
  }

  /**
   * Brings one team's Schedule in step. Settings that are changed meanwhile are read again, so that whoever comes last to
   * Temporal does not bring what is out of date.
   * @throws Unavailable; errors of Temporal's client; the signal's reason
   */
  async ofTeam(organization: string, team: string, signal: AbortSignal): Promise<void> {
    for (let wanted = await this.#read(organization, team); ;) {
      signal.throwIfAborted();
      await this.#carryOut(team, wanted, signal);
      const wantedNow = await this.#read(organization, team);
      if (isSamePlan(wanted, wantedNow)) return;
      wanted = wantedNow;
    }
  }

  /** Has every Schedule of an organization brought in step, each on its own: one that cannot be holds no other one up. */
  async requestAll(organization: string): Promise<void> {
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    await this.#work.bookkeep(origin, async (tx) => {
      for (const team of await teamsWithReporting(tx.em, organization)) requestSchedule(tx, team);
    });
  }

  async #carryOut(team: string, wanted: WantedSchedule | null, signal: AbortSignal): Promise<void> {
    if (wanted === null) return this.#schedules.remove(team, signal);
    const { isFree } = await this.#schedules.put(wanted.plan, this.#clock.now(), signal);
    if (isFree) await this.#schedules.makeUpFor(team, wanted.missed, signal);
  }

  #read(organization: string, team: string): Promise<WantedSchedule | null> {
    return this.#work.read(organization, async (em) => {
      const reporting = await reportingOf(em, this.#work.vault, organization, team);
      if (!reporting) return null;
      const plan = await planOf(em, organization, team, reporting);
      return { plan, missed: await this.#missed(em, plan, reporting.since) };
    });
  }

  async #missed(em: EntityManager, plan: UsageReportPlan, since: Date): Promise<Date[]> {
    const now = this.#clock.now().getTime();
    const after = new Date(Math.max(since.getTime(), now - CATCH_UP_MS));
    const missed: Date[] = [];
    for (const due of duesBetween(after, new Date(now - GIVEN_TEMPORAL_MS), plan.frequency, plan)) {
      const { firstDay } = reportPeriod(due, plan.frequency, plan);
      if (!(await isReported(em, { team: plan.team, frequency: plan.frequency, firstDay }))) missed.push(due);
    }
    return missed;
  }
}

async function planOf(
  em: EntityManager,
  organization: string,
  team: string,
  { frequency }: Reporting,
): Promise<UsageReportPlan> {
  const { settings } = await organizationById(em, organization);
  const timezone = await teamTimezone(em, organization, team);
  return {
    organization,
    team,
    frequency,
    timezone,
    fiscalYearStart: settings.fiscal_year_start ?? '01-01',
  };
}

function isSamePlan(one: WantedSchedule | null, other: WantedSchedule | null): boolean {
  return JSON.stringify(one?.plan) === JSON.stringify(other?.plan);
}
