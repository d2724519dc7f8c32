import type { FilterQuery } from '@mikro-orm/core';
import type { Budget } from './entities.ts';

/** The budgets of a team that there were at a moment: none that was made later, and those that were removed since. */
export function budgetsAt(team: string, at: Date): FilterQuery<Budget> {
  return { team, createdAt: { $lte: at }, $or: [{ retiredAt: null }, { retiredAt: { $gt: at } }] };
}
