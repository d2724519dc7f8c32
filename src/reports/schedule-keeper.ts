import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../platform/database/database.ts';
import { Unavailable } from '../platform/errors.ts';
import type { ScheduleUpkeep } from './schedule-upkeep.ts';

/** Temporal's state may be lost, or a Schedule deleted by hand: what is to be there is looked for again and again. */
const EVERY_MS = 600_000;
/** While the database or Temporal is away. */
const AWAY_MS = 15_000;

interface ReportedTeam {
  readonly organization_id: string;
  readonly team_id: string;
}

/** Sees to it that every team whose usage is reported has its Schedule, from the start of the worker on. Every worker does. */
export class ScheduleKeeper {
  readonly #database: Database;
  readonly #upkeep: ScheduleUpkeep;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: { database: Database; upkeep: ScheduleUpkeep; logger: Logger }) {
    this.#database = parts.database;
    this.#upkeep = parts.upkeep;
    this.#logger = parts.logger;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const wait = (await this.#round()) ? EVERY_MS : AWAY_MS;
      await pause(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Once through all teams. @returns whether it came to the end */
  async #round(): Promise<boolean> {
    try {
      for (const team of await this.#teams()) {
        if (this.#stopping.signal.aborted) return true;
        await this.#keep(team);
      }
      return true;
    } catch (error) {
      this.#logger.warn({ err: error }, 'the schedules of usage reports could not be looked after; trying again');
      return false;
    }
  }

  #teams(): Promise<ReportedTeam[]> {
    return this.#database.reach(() =>
      this.#database.orm.em
        .getConnection()
        .execute<ReportedTeam[]>('select organization_id, team_id from countersign.teams_with_reporting()'),
    );
  }

  /** One team's trouble is not another one's, unless nobody can be helped. @throws Unavailable */
  async #keep({ organization_id: organization, team_id: team }: ReportedTeam): Promise<void> {
    try {
      await this.#upkeep.ofTeam(organization, team);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      this.#logger.error({ err: error, team }, 'the schedule of a usage report could not be brought in step');
    }
  }
}
