/**
 * A program of its own: a worker that dies (kill -9) at the step of a usage report that DIES names. Says `ready` when it takes
 * work.
 */
import { pino } from 'pino';
import { composeCore, composeWorker } from '../../../src/composition.ts';
import { parseConfig } from '../../../src/config.ts';
import { givenServices } from '../../../src/given-services.ts';
import { installRuntime } from '../../../src/platform/temporal/workflow-worker.ts';
import { ReportSchedules } from '../../../src/reports/report-schedules.ts';
import { UsageReporting } from '../../../src/reports/usage-reporting.ts';

const die = () => process.kill(process.pid, 'SIGKILL');
const put: ReportSchedules['put'] = Reflect.get(ReportSchedules.prototype, 'put');
const send: UsageReporting['send'] = Reflect.get(UsageReporting.prototype, 'send');

switch (process.env['DIES']) {
  case 'before-schedule':
    ReportSchedules.prototype.put = async function () {
      die();
      return { isFree: true };
    };
    break;
  case 'after-schedule':
    ReportSchedules.prototype.put = async function (...parameters) {
      const done = await put.apply(this, parameters);
      die();
      return done;
    };
    break;
  case 'after-report':
    UsageReporting.prototype.send = async function (...parameters) {
      const outcome = await send.apply(this, parameters);
      die();
      return outcome;
    };
}

const config = parseConfig(process.env);
const logger = pino({ level: 'silent' });
installRuntime(logger);
const core = await composeCore({ config, logger, ...givenServices(config) });
await composeWorker(core);
process.stdout.write('ready\n');
