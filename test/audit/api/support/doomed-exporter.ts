/**
 * A program of its own: a worker that dies (kill -9) in the middle of an export: after the piece that DIES_AFTER_PIECE names
 * was stored, or, without it, when the bundle is ready and before Temporal hears of it. Says `ready` when it takes work.
 */
import { pino } from 'pino';
import { ExportMaking } from '../../../../src/audit/exports/export-making.ts';
import { ExportStore } from '../../../../src/audit/exports/export-store.ts';
import { composeCore, composeWorker } from '../../../../src/composition.ts';
import { parseConfig } from '../../../../src/config.ts';
import { givenServices } from '../../../../src/given-services.ts';
import { installRuntime } from '../../../../src/platform/temporal/workflow-worker.ts';

const config = parseConfig(process.env);
const logger = pino({ level: 'silent' });
const last = process.env['DIES_AFTER_PIECE'] === undefined ? null : Number(process.env['DIES_AFTER_PIECE']);

if (last === null) {
  const make: ExportMaking['make'] = Reflect.get(ExportMaking.prototype, 'make');
  ExportMaking.prototype.make = async function (...parameters) {
    await make.apply(this, parameters);
    process.kill(process.pid, 'SIGKILL');
  };
} else {
  const put: ExportStore['put'] = Reflect.get(ExportStore.prototype, 'put');
  ExportStore.prototype.put = async function (attempt, position, ...rest) {
    await put.call(this, attempt, position, ...rest);
    if (position === last) process.kill(process.pid, 'SIGKILL');
  };
}

installRuntime(logger);
const core = await composeCore({ config, logger, ...givenServices(config) });
await composeWorker(core);
process.stdout.write('ready\n');
