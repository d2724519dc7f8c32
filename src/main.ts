import { bootstrap } from './bootstrap.ts';
import { composeApi, composeCore, composeWorker } from './composition.ts';
import { startServices } from './embedded-services.ts';
import { entities } from './entities.ts';
import { migrate } from './platform/database/migrate.ts';
import { listen, requireAddress } from './platform/http/listen.ts';
import { createLogger } from './platform/observability/log.ts';
import { installRuntime } from './platform/temporal/workflow-worker.ts';
import { configOfProcess, runProcess } from './process.ts';
import { announcement } from './start-announcement.ts';

const LAST_REQUESTS_MS = 5_000;
const LAST_DELIVERIES_MS = 10_000;

const config = configOfProcess();
const logger = createLogger(config);
const progress = (line: string) => void process.stdout.write(`  ${line}\n`);
installRuntime(logger);

// `npm start`: everything in one go, with whatever services the environment does not name.
runProcess(logger, async (running) => {
  const began = performance.now();
  await requireAddress(config.host, config.port);
  const services = await startServices(config, { progress, running, logger });
  await migrate(services.migrationUrl, services.databaseUrl, entities);
  const core = await composeCore({ config, logger, ...services });
  running.add('core', core.stop);
  const madeKey = await bootstrap(core.work, config.bootstrapKey);
  const worker = await composeWorker(core);
  running.add('worker', () => worker.stop(LAST_DELIVERIES_MS));
  const api = composeApi(core, {
    mailbox: services.mailbox,
    checks: [{ name: 'worker', check: () => worker.worker.check() }],
  });
  const server = await listen(api.app, config.host, config.port);
  running.add('http', () => server.stop(LAST_REQUESTS_MS));
  process.stdout.write(announcement({ config, services, madeKey, seconds: (performance.now() - began) / 1000 }));
  await worker.worker.ended;
});
