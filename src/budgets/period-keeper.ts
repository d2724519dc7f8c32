import type { EntityManager } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import { plainArray } from '../platform/database/sql-arrays.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { Budget } from './entities.ts';
import type { PeriodBook } from './period-book.ts';

/** Nobody reserves or books anything in an organization while its budgets are brought up to date: so many at a time. */
const AT_ONCE = 20;
const FOUND_AT_ONCE = 200;

interface KeeperParts {
  readonly work: UnitOfWork;
  readonly book: PeriodBook;
  readonly logger: Logger;
}

/** Begins the periods that have come, and counts limits again where an override has ended. */
export class PeriodKeeper {
  readonly #parts: KeeperParts;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /**
   * Brings budgets of every organization up to date, whether anybody reserves anything from them or not. What fails is left
   * for the next time.
   * @returns how many there were
   */
  async keepUp(at: Date): Promise<number> {
    let kept = 0;
    for (;;) {
      const due = await this.#due(at);
      let failed = false;
      for (const { organization, budgets } of batchesOf(due)) {
        try {
          kept += await this.bringUpToDate(organization, budgets, at);
        } catch (error) {
          failed = true;
          this.#parts.logger.warn({ err: error, organization }, 'budgets could not be brought up to date yet');
        }
      }
      if (failed || due.length < FOUND_AT_ONCE) return kept;
    }
  }

  /**
   * Brings those of these budgets up to date that need it: whoever came first has done it for everybody who waited.
   * @param budgets ids
   * @returns how many there were
   */
  bringUpToDate(organization: string, budgets: readonly string[], at: Date): Promise<number> {
    const { work, book } = this.#parts;
    return work.bookkeep({ organization, actor: { type: 'system', id: null }, requestId: null }, async ({ em }) => {
      await book.lock(em);
      const behind = await budgetsBehind(em, budgets, at);
      for (const budget of behind) await book.bringUpToDate(em, budget, at);
      if (behind.length > 0) await book.announce(em, organization);
      return behind.length;
    });
  }

  async #due(at: Date): Promise<DueBudget[]> {
    const connection = this.#parts.work.database.orm.em.getConnection();
    return connection.execute<DueBudget[]>('select organization_id, budget_id from countersign.budgets_due(?, ?)', [
      at,
      FOUND_AT_ONCE,
    ]);
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
