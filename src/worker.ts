import { composeCore, composeWorker } from './composition.ts';
import { givenServices, requireServices } from './given-services.ts';
import { failurePage } from './pages/routes/failure-page.ts';
import { warnOfPowerfulLogin } from './platform/database/login.ts';
import { DATABASE_ROLES } from './platform/database/tenant-table.ts';
import { createHealthApp } from './platform/http/health.ts';
import { listen } from './platform/http/listen.ts';
import { createLogger } from './platform/observability/log.ts';
import { installRuntime } from './platform/temporal/workflow-worker.ts';
import { configOfProcess, runProcess } from './process.ts';

const LAST_PROBES_MS = 1_000;
const LAST_DELIVERIES_MS = 15_000;

const config = configOfProcess();
const logger = createLogger(config);
installRuntime(logger);

// `npm run worker`: workflows, activities and deliveries alone, as many of them as are needed.
runProcess(logger, async (running) => {
  const services = givenServices(config);
  const { login } = await requireServices(services, config, [
    DATABASE_ROLES.app,
    DATABASE_ROLES.relay,
    DATABASE_ROLES.sealer,
  ]);
  warnOfPowerfulLogin(login, logger);
  const core = await composeCore({ config, logger, ...services });
  running.add('core', core.stop);
  const worker = await composeWorker(core);
  running.add('worker', () => worker.stop(LAST_DELIVERIES_MS));
  if (config.workerPort !== null) {
    const checks = [
      { name: 'database', check: () => core.database.ping() },
      { name: 'worker', check: () => worker.worker.check() },
    ];
    const server = await listen(
      createHealthApp({ metrics: core.metrics, checks, logger, failurePage }),
      config.host,
      config.workerPort,
    );
    running.add('http', () => server.stop(LAST_PROBES_MS));
  }
  logger.info({ taskQueue: config.temporal.taskQueue }, 'worker is running');
  await worker.worker.ended;
});
