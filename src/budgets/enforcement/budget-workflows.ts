import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import {
  BUDGET_ENFORCEMENT,
  BUDGET_EVENT_SIGNAL,
  type BudgetEnforcementInput,
  budgetEnforcementWorkflowId,
  type BudgetEvent,
  type BudgetEventType,
  isCrossing,
} from '../../../workflows/contracts/budget-enforcement.ts';
import type { ClaimedMessage, Delivery, OutboxHandler } from '../../notify/service.ts';
import type { Clock } from '../../platform/clock.ts';
import type { TemporalConnection } from '../../platform/temporal/connection.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { BudgetMeasure, BudgetPeriod } from '../entities.ts';

const DEADLINE_MS = 10_000;
export const BUDGET_CONCURRENCY = 8;

interface BudgetWorkflowsParts {
  readonly work: UnitOfWork;
  readonly temporal: TemporalConnection;
  readonly taskQueue: string;
  readonly clock: Clock;
}

/**
 * Brings what budgets have crossed to the workflow of the period, which is started where none runs: also where an earlier one
 * was cancelled. Brought twice, an event changes nothing.
 */
export class BudgetWorkflows implements OutboxHandler {
  readonly #parts: BudgetWorkflowsParts;

  constructor(parts: BudgetWorkflowsParts) {
    this.#parts = parts;
  }

  async deliver({ id, organization, reference }: ClaimedMessage): Promise<Delivery> {
    const period = String(reference['period']);
    const type = reference['type'] as BudgetEventType;
    if (!(await this.#isNeeded(organization, period, type))) return { outcome: 'obsolete' };
    try {
      await this.#signal({ organization, period }, { id, type });
      return { outcome: 'delivered' };
    } catch (error) {
      if (isGrpcServiceError(error) || error instanceof ServiceError) return { outcome: 'retry', error: 'unavailable' };
      throw error;
    }
  }

  /**
   * What was crossed is told however late it comes, and what is in force is undone, where the period ended before its time.
   * Nothing else is left to do in one that is over: its workflow has ended with it, or is about to.
   */
  #isNeeded(organization: string, period: string, type: BudgetEventType): Promise<boolean> {
    return this.#parts.work.read(organization, async (em) => {
      const row = await em.findOne(BudgetPeriod, { id: period });
      if (row === null) return false;
      if (isCrossing(type) || row.endsAt > this.#parts.clock.now()) return true;
      return (await em.count(BudgetMeasure, { period, state: 'in_force' })) > 0;
    });
  }

  async #signal(input: BudgetEnforcementInput, event: BudgetEvent): Promise<void> {
    const { temporal, taskQueue } = this.#parts;
    await temporal.within(DEADLINE_MS, () =>
      temporal.client.workflow.signalWithStart(BUDGET_ENFORCEMENT, {
        workflowId: budgetEnforcementWorkflowId(input.period),
        taskQueue,
        args: [input],
        signal: BUDGET_EVENT_SIGNAL,
        signalArgs: [event],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      }),
    );
  }
}
