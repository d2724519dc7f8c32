import type { ClaimedMessage, Delivery, OutboxHandler } from '../notify/service.ts';
import { Unavailable } from '../platform/errors.ts';
import type { ScheduleUpkeep } from './schedule-upkeep.ts';

/** Brings Schedules in step when settings have changed. Tried until it is done: settings that were committed hold. */
export class ReportScheduleHandler implements OutboxHandler {
  readonly #upkeep: ScheduleUpkeep;

  constructor(upkeep: ScheduleUpkeep) {
    this.#upkeep = upkeep;
  }

  async deliver({ organization, reference: { team } }: ClaimedMessage): Promise<Delivery> {
    try {
      if (typeof team === 'string') await this.#upkeep.ofTeam(organization, team);
      else await this.#upkeep.ofOrganization(organization);
      return { outcome: 'delivered' };
    } catch (error) {
      if (error instanceof Unavailable) return { outcome: 'retry', error: error.code };
      throw error;
    }
  }
}
