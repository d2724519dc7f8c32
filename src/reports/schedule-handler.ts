import type { ClaimedMessage, Delivery, OutboxHandler } from '../notify/service.ts';
import { Unavailable } from '../platform/errors.ts';
import type { ScheduleUpkeep } from './schedule-upkeep.ts';

/** How many Schedules are brought in step side by side: Temporal has requests of people to answer as well. */
export const SCHEDULE_CONCURRENCY = 4;

/** Brings Schedules in step when settings have changed. Tried until it is done: settings that were committed hold. */
export class ReportScheduleHandler implements OutboxHandler {
  readonly #upkeep: ScheduleUpkeep;

  constructor(upkeep: ScheduleUpkeep) {
    this.#upkeep = upkeep;
  }

  async deliver({ organization, reference: { team } }: ClaimedMessage, signal: AbortSignal): Promise<Delivery> {
    try {
      if (typeof team === 'string') await this.#upkeep.ofTeam(organization, team, signal);
      else await this.#upkeep.requestAll(organization);
      return { outcome: 'delivered' };
    } catch (error) {
      if (signal.aborted) return { outcome: 'retry', error: 'broken-off' };
      if (error instanceof Unavailable) return { outcome: 'retry', error: error.code };
      throw error;
    }
  }
}
