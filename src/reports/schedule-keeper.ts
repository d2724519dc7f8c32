import type { Logger } from 'pino';
import type { Run } from '../platform/database/bare.ts';
import { whileAlone } from '../platform/database/session-lock.ts';
import { DATABASE_ROLES } from '../platform/database/tenant-table.ts';
import { Unavailable } from '../platform/errors.ts';
import { rest } from '../platform/rest.ts';
import type { ScheduleUpkeep } from './schedule-upkeep.ts';

/** Temporal's state may be lost, or a Schedule deleted by hand: what is to be there is looked for again and again. */
const EVERY_MS = 600_000;
/** While the database or Temporal is away. */
const AWAY_MS = 15_000;
/** Held for as long as the worker lives: nothing else may lock by it. */
const KEEPER_LOCK = 7_266_841;

interface ReportedTeam {
  readonly organization_id: string;
  readonly team_id: string;
}

/**
 * Sees to it that every team whose usage is reported has its Schedule, from the start of the worker on. One worker does at a
 * time; the others look now and then whether it is still there.
 */
export class ScheduleKeeper {
  readonly #databaseUrl: string;
  readonly #upkeep: ScheduleUpkeep;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** @param parts.databaseUrl the login of API and worker: the lock takes a connection of its own */
  constructor(parts: { databaseUrl: string; upkeep: ScheduleUpkeep; logger: Logger }) {
    this.#databaseUrl = parts.databaseUrl;
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
    const lock = { url: this.#databaseUrl, role: DATABASE_ROLES.app, key: KEEPER_LOCK };
    while (!signal.aborted) {
      const isKept = await whileAlone(lock, signal, (run, alone) => this.#keepAll(run, alone)).catch((error: unknown) =>
        this.#notYet(error),
      );
      await rest(isKept === null ? EVERY_MS : AWAY_MS, signal);
    }
  }

  #notYet(error: unknown): false {
    if (!this.#stopping.signal.aborted)
      this.#logger.warn({ err: error }, 'the schedules of usage reports could not be looked after; trying again');
    return false;
  }

  /** Round after round, for as long as nobody else may. @throws Unavailable, errors of the driver */
  async #keepAll(run: Run, signal: AbortSignal): Promise<true> {
    while (!signal.aborted) {
      const teams = await run<ReportedTeam>('select organization_id, team_id from countersign.teams_with_reporting()');
      for (const team of teams) {
        if (signal.aborted) break;
        await this.#keep(team, signal);
      }
      await rest(EVERY_MS, signal);
    }
    return true;
  }

  /** One team's trouble is not another one's, unless nobody can be helped. @throws Unavailable */
  async #keep({ organization_id: organization, team_id: team }: ReportedTeam, signal: AbortSignal): Promise<void> {
    try {
      await this.#upkeep.ofTeam(organization, team, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Unavailable) throw error;
      this.#logger.error({ err: error, team }, 'the schedule of a usage report could not be brought in step');
    }
  }
}
