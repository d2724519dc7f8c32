import {
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { USAGE_REPORT, type UsageReportPlan, usageReportScheduleId } from '../../workflows/contracts/usage-report.ts';
import { Unavailable } from '../platform/errors.ts';
import type { TemporalConnection } from '../platform/temporal/connection.ts';
import { isServerAway } from '../platform/temporal/away.ts';
import { CATCH_UP_MS, nextDue, scheduleTimes } from './rules.ts';

const DEADLINE_MS = 10_000;

/** Reports that an outage held up are sent one after the other; none is left out because another one is still being made. */
const POLICIES = { overlap: ScheduleOverlapPolicy.BUFFER_ALL, catchupWindow: CATCH_UP_MS, pauseOnFailure: false };

/**
 * The Schedules of Temporal that start usage reports, one for each team. Calls end with the signal that is handed in.
 * @throws Unavailable where it does not answer; ServiceError where it does not take what it is told
 */
export class ReportSchedules {
  readonly #temporal: TemporalConnection;
  readonly #taskQueue: string;

  constructor(temporal: TemporalConnection, taskQueue: string) {
    this.#temporal = temporal;
    this.#taskQueue = taskQueue;
  }

  /**
   * Sees to it that there is this Schedule, and no other one of the team. One that is right is left alone: a change has
   * Temporal forget what it has to catch up on. One that somebody has paused stays so.
   * @returns whether it is free to do something: neither paused nor at work
   */
  put(plan: UsageReportPlan, now: Date, signal?: AbortSignal): Promise<{ readonly isFree: boolean }> {
    return this.#reach(signal, async () => {
      const handle = this.#handle(plan.team);
      const found = await described(handle);
      if (found === null) return this.#create(plan, now);
      if (!this.#isRight(found, plan, now)) await handle.update(({ state }) => ({ ...this.#options(plan), state }));
      return { isFree: !found.state.paused && found.info.runningActions.length === 0 };
    });
  }

  /** Sees to it that the team has none. */
  async remove(team: string, signal?: AbortSignal): Promise<void> {
    await this.#reach(signal, async () => {
      try {
        await this.#handle(team).delete();
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    });
  }

  /** Does what the Schedule would have done at these moments. */
  async makeUpFor(team: string, moments: readonly Date[], signal?: AbortSignal): Promise<void> {
    const around = moments.map((moment) => ({
      start: new Date(moment.getTime() - 1000),
      end: new Date(moment.getTime() + 1000),
      overlap: POLICIES.overlap,
    }));
    if (around.length > 0) await this.#reach(signal, () => this.#handle(team).backfill(around));
  }

  async #create(plan: UsageReportPlan, now: Date): Promise<{ readonly isFree: boolean }> {
    try {
      await this.#temporal.client.schedule.create({
        scheduleId: usageReportScheduleId(plan.team),
        ...this.#options(plan),
      });
      return { isFree: true };
    } catch (error) {
      // Another worker has made it meanwhile.
      if (error instanceof ScheduleAlreadyRunning) return this.put(plan, now);
      throw error;
    }
  }

  #options(plan: UsageReportPlan) {
    return {
      spec: { ...scheduleTimes(plan.frequency, plan.fiscalYearStart), timezone: plan.timezone },
      action: {
        type: 'startWorkflow' as const,
        workflowType: USAGE_REPORT,
        workflowId: usageReportScheduleId(plan.team),
        taskQueue: this.#taskQueue,
        args: [plan],
      },
      policies: POLICIES,
    };
  }

  #isRight({ action, policies, info }: ScheduleDescription, plan: UsageReportPlan, now: Date): boolean {
    const [found] = action.args ?? [];
    const next = nextDue(now, plan.frequency, plan);
    return (
      action.taskQueue === this.#taskQueue &&
      JSON.stringify(found) === JSON.stringify(plan) &&
      policies.overlap === POLICIES.overlap &&
      policies.catchupWindow === POLICIES.catchupWindow &&
      info.nextActionTimes[0]?.getTime() === next.getTime()
    );
  }

  async #reach<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { client } = this.#temporal;
    try {
      return await this.#temporal.within(DEADLINE_MS, () => (signal ? client.withAbortSignal(signal, work) : work()));
    } catch (error) {
      if (isServerAway(error)) throw new Unavailable('The workflow service', { cause: error });
      throw error;
    }
  }

  #handle(team: string): ScheduleHandle {
    return this.#temporal.client.schedule.getHandle(usageReportScheduleId(team));
  }
}

async function described(handle: ScheduleHandle): Promise<ScheduleDescription | null> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}
