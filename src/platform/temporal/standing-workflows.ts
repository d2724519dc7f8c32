import type { Logger } from 'pino';
import { Rounds } from '../rounds.ts';
import type { TemporalConnection } from './connection.ts';

const DEADLINE_MS = 5_000;

interface StandingWorkflow {
  readonly type: string;
  /** The same in every process, so that a repeated start finds the workflow that is already there. */
  readonly id: string;
  readonly args: readonly unknown[];
}

/**
 * Sees to it that workflows that are to run for ever do: Temporal's state may be lost, or one of them ended by hand. Every worker
 * does so.
 * @param everyMs milliseconds between two looks
 */
export function standingWorkflows(parts: {
  temporal: TemporalConnection;
  taskQueue: string;
  workflows: readonly StandingWorkflow[];
  everyMs: number;
  logger: Logger;
}): Rounds {
  const { temporal, taskQueue, workflows, everyMs, logger } = parts;
  const start = async () => {
    for (const { type, id, args } of workflows)
      await temporal.within(DEADLINE_MS, () =>
        temporal.client.workflow.start(type, {
          workflowId: id,
          taskQueue,
          args: [...args],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        }),
      );
  };
  return new Rounds({
    name: `start ${[...new Set(workflows.map(({ type }) => type))].join(', ')}`,
    everyMs,
    round: start,
    logger,
  });
}
