import { composeCore, composeWorker } from './composition.ts';
import { parseConfig } from './config.ts';
import { givenServices } from './given-services.ts';
import { warnOfPowerfulLogin } from './platform/database/login.ts';
import { createLogger } from './platform/observability/log.ts';
import { installRuntime } from './platform/temporal/workflow-worker.ts';
import { runProcess } from './process.ts';

const LAST_DELIVERIES_MS = 15_000;

const config = parseConfig(process.env);
const logger = createLogger(config);
installRuntime(logger);

// `npm run worker`: workflows, activities and deliveries alone, as many of them as are needed.
runProcess(logger, async (running) => {
  const services = givenServices(config);
  const core = await composeCore({ config, logger, ...services });
  running.add('core', core.stop);
  await warnOfPowerfulLogin(services.databaseUrl, logger);
  const worker = await composeWorker(core);
  running.add('worker', () => worker.stop(LAST_DELIVERIES_MS));
  logger.info({ taskQueue: config.temporal.taskQueue }, 'worker is running');
  await worker.worker.ended;
});
