/**
 * A program of its own: a worker that dies (kill -9) right after the activity that DIES_AFTER names has committed, and
 * before Temporal hears of it. Says `ready` when it takes work.
 */
import { pino } from 'pino';
import { approvalActivities } from '../../../activities/approvals.ts';
import { budgetEnforcementActivities } from '../../../activities/budget-enforcement.ts';
import { composeCore } from '../../../src/composition.ts';
import { composeEnforcement } from '../../../src/composition/enforcement.ts';
import { parseConfig } from '../../../src/config.ts';
import { givenServices } from '../../../src/given-services.ts';
import { bundleWorkflows, installRuntime, WorkflowWorker } from '../../../src/platform/temporal/workflow-worker.ts';
import { workflowBundle } from '../../support/workflow-bundle.ts';

const config = parseConfig(process.env);
const logger = pino({ level: 'silent' });
installRuntime(logger);
const services = givenServices(config);
const core = await composeCore({ config, logger, ...services });
const activities = {
  ...approvalActivities(core.approvals.execution),
  ...budgetEnforcementActivities(composeEnforcement(core)),
};

type Step = (input: never) => Promise<unknown>;

function dyingAfter(name: string, activity: Step): Step {
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
  activities: Object.fromEntries(
    Object.entries(activities).map(([name, activity]: [string, Step]) => [name, dyingAfter(name, activity)]),
  ),
  bundle: workflowBundle() ?? (await bundleWorkflows(logger, [])),
});
process.stdout.write('ready\n');
