import type { EntityManager } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { NEVER_CUT_SHORT } from '../platform/rounds.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { Budget } from './entities.ts';
import type { PeriodBook } from './period-book.ts';

/** Nobody reserves or books anything in an organization while its budgets are brought up to date: so many at a time. */
const AT_ONCE = 20;
const FOUND_AT_ONCE = 200;
/** An organization whose budgets could not be brought up to date is left alone for so long: the others go on. */
const REST_MS = 60_000;

interface KeeperParts {
  readonly work: UnitOfWork;
  readonly book: PeriodBook;
  readonly logger: Logger;
}

/** Begins the periods that have come, and counts limits again where an override has ended. */
export class PeriodKeeper {
  readonly #parts: KeeperParts;
  /** Until when, by organization. */
  readonly #resting = new Map<string, number>();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /**
   * Brings budgets of every organization up to date, whether anybody reserves anything from them or not.
   * @returns how many there were
   */
  async keepUp(at: Date, signal = NEVER_CUT_SHORT): Promise<number> {
    let kept = 0;
    for (let found = FOUND_AT_ONCE; found === FOUND_AT_ONCE && !signal.aborted;) {
      const due = await this.#due(at);
      found = due.length;
      for (const { organization, budgets } of batchesOf(due)) {
        if (signal.aborted) break;
        if (!this.#rests(organization)) kept += await this.#keep(organization, budgets, at);
      }
    }
    return kept;
  }

  /**
   * Brings those of these budgets up to date that need it: whoever came first has done it for everybody who waited. Lists of
   * budgets that are remembered stay good: whoever reserves finds out that a period is over.
   * @param budgets ids
   * @returns how many there were
   */
  bringUpToDate(organization: string, budgets: readonly string[], at: Date): Promise<number> {
    const { work, book } = this.#parts;
    return work.bookkeep({ organization, actor: { type: 'system', id: null }, requestId: null }, async ({ em }) => {
      await book.lock(em);
      const behind = await budgetsBehind(em, budgets, at);
      for (const budget of behind) await book.bringUpToDate(em, budget, at);
      return behind.length;
    });
  }

  async #keep(organization: string, budgets: readonly string[], at: Date): Promise<number> {
    try {
      return await this.bringUpToDate(organization, budgets, at);
    } catch (error) {
      this.#resting.set(organization, performance.now() + REST_MS);
      this.#parts.logger.warn({ err: error, organization }, 'budgets could not be brought up to date yet');
      return 0;
    }
  }

  #rests(organization: string): boolean {
    const until = this.#resting.get(organization) ?? 0;
    if (until > performance.now()) return true;
    this.#resting.delete(organization);
    return false;
  }

  async #due(at: Date): Promise<DueBudget[]> {
    const resting = [...this.#resting.keys()].filter((organization) => this.#rests(organization));
    const connection = this.#parts.work.database.orm.em.getConnection();
    return connection.execute<DueBudget[]>(
      'select organization_id, budget_id from countersign.budgets_due(?::timestamptz, ?::int, ?::uuid[])',
      [at, FOUND_AT_ONCE, plainArray(resting)],
    );
  }
}

interface DueBudget {
  readonly organization_id: string;
  readonly budget_id: string;
}

/** Those whose period of this moment was not begun, or whose override has ended. To be asked under the lock. */
async function budgetsBehind(em: EntityManager, budgets: readonly string[], at: Date): Promise<Budget[]> {
  const rows = await em.execute<{ id: string }[]>(
    `select b.id from countersign.budgets b
     where b.id = any(?::uuid[]) and b.retired_at is null and (b.due_at <= ?::timestamptz or not exists (
       select from countersign.budget_periods p
       where p.budget_id = b.id and p.starts_at <= ?::timestamptz and p.ends_at > ?::timestamptz and (p.limit_until is null or p.limit_until > ?::timestamptz)))`,
    [plainArray(budgets), at, at, at, at],
  );
  return em.find(Budget, { id: { $in: rows.map(({ id }) => id) } }, { orderBy: { id: 'asc' } });
}

function batchesOf(due: readonly DueBudget[]): { organization: string; budgets: string[] }[] {
  const batches: { organization: string; budgets: string[] }[] = [];
  for (const [organization, rows] of Map.groupBy(due, ({ organization_id: id }) => id)) {
    const ids = rows.map(({ budget_id: id }) => id);
    for (let start = 0; start < ids.length; start += AT_ONCE)
      batches.push({ organization, budgets: ids.slice(start, start + AT_ONCE) });
  }
  return batches;
}
