import type { EntityManager } from '@mikro-orm/postgresql';
import type { UsageReportPlan } from '../../workflows/contracts/usage-report.ts';
import type { Clock } from '../platform/clock.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { organizationById, type Reporting, reportingOf, teamsWithReporting, teamTimezone } from '../tenancy/service.ts';
import { CATCH_UP_MS, type ReportSchedules } from './report-schedules.ts';
import { duesBetween, reportPeriod } from './rules.ts';
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
   * Temporal does not bring what is out of date. @throws Unavailable, errors of Temporal's client
   */
  async ofTeam(organization: string, team: string): Promise<void> {
    for (let wanted = await this.#read(organization, team); ;) {
      await this.#carryOut(team, wanted);
      const wantedNow = await this.#read(organization, team);
      if (isSamePlan(wanted, wantedNow)) return;
      wanted = wantedNow;
    }
  }

  /** As `ofTeam`, for all teams of an organization whose settings say anything of it. */
  async ofOrganization(organization: string): Promise<void> {
    const teams = await this.#work.read(organization, (em) => teamsWithReporting(em, organization));
    for (const team of teams) await this.ofTeam(organization, team);
  }

  async #carryOut(team: string, wanted: WantedSchedule | null): Promise<void> {
    if (wanted === null) return this.#schedules.remove(team);
    const { isFree } = await this.#schedules.put(wanted.plan, this.#clock.now());
    if (isFree) await this.#schedules.makeUpFor(team, wanted.missed);
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
    timezone: asTemporalWritesIt(timezone),
    fiscalYearStart: settings.fiscal_year_start ?? '01-01',
  };
}

/** Names of zones are taken in whatever case; Temporal knows them in one. Another name of the same zone stays as it was chosen. */
function asTemporalWritesIt(timezone: string): string {
  const known = new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
  const isOtherName = known.toLowerCase() !== timezone.toLowerCase();
  return isOtherName && /[A-Z].*[a-z]/.test(timezone) ? timezone : known;
}

function isSamePlan(one: WantedSchedule | null, other: WantedSchedule | null): boolean {
  return JSON.stringify(one?.plan) === JSON.stringify(other?.plan);
}
