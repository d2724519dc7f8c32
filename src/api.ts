import { composeApi, composeCore } from './composition.ts';
import { givenServices, requireServices } from './given-services.ts';
import { warnOfPowerfulLogin } from './platform/database/login.ts';
import { DATABASE_ROLES } from './platform/database/tenant-table.ts';
import { listen } from './platform/http/listen.ts';
import { createLogger } from './platform/observability/log.ts';
import { configOfProcess, runProcess } from './process.ts';

const LAST_REQUESTS_MS = 10_000;

const config = configOfProcess();
const logger = createLogger(config);

// `npm run api`: the HTTP side alone, as many of them as are needed, on services that the environment names.
runProcess(logger, async (running) => {
  const services = givenServices(config);
  const { login } = await requireServices(services, config, [DATABASE_ROLES.app]);
  warnOfPowerfulLogin(login, logger);
  const core = await composeCore({ config, logger, ...services });
  running.add('core', core.stop);
  const server = await listen(composeApi(core).app, config.host, config.port);
  running.add('http', () => server.stop(LAST_REQUESTS_MS));
  logger.info({ port: server.port }, 'API is listening');
});
