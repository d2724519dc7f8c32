/**
 * A program of its own: a worker that dies (kill -9) right after the activity that DIES_AFTER names has committed, and
 * before Temporal hears of it. Says `ready` when it takes work.
 */
import { pino } from 'pino';
import { approvalActivities } from '../../../activities/approvals.ts';
import { composeCore } from '../../../src/composition.ts';
import { parseConfig } from '../../../src/config.ts';
import { givenServices } from '../../../src/given-services.ts';
import { bundleWorkflows, installRuntime, WorkflowWorker } from '../../../src/platform/temporal/workflow-worker.ts';
import { workflowBundle } from '../../support/workflow-bundle.ts';
import type { ApplyIntentInput, ApprovalActivities, FireTimerInput } from '../../../workflows/contracts/approvals.ts';

const config = parseConfig(process.env);
const logger = pino({ level: 'silent' });
installRuntime(logger);
const services = givenServices(config);
const core = await composeCore({ config, logger, ...services });
const activities = approvalActivities(core.approvals.execution);

function dyingAfter<Input, Result>(
  name: keyof ApprovalActivities,
  activity: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  return async (input) => {
    const result = await activity(input);
    if (process.env['DIES_AFTER'] === name) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

await WorkflowWorker.start({
  address: services.temporalAddress,
  namespace: config.temporal.namespace,
  taskQueue: config.temporal.taskQueue,
  payloadKey: core.master.payloads,
  activities: {
    applyIntent: dyingAfter('applyIntent', (input: ApplyIntentInput) => activities.applyIntent(input)),
    fireTimer: dyingAfter('fireTimer', (input: FireTimerInput) => activities.fireTimer(input)),
  },
  bundle: workflowBundle() ?? (await bundleWorkflows(logger, [])),
});
process.stdout.write('ready\n');
