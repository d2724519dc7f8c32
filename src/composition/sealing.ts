import { oldestUnsealed } from '../audit/sealing/backlog.ts';
import { Sealer } from '../audit/sealing/sealer.ts';
import { Sealing } from '../audit/sealing/sealing.ts';
import { SigningKeys } from '../audit/sealing/signing-keys.ts';
import { sealingStarter } from '../audit/sealing/starter.ts';
import { entities } from '../entities.ts';
import { BareDatabase } from '../platform/database/bare.ts';
import { Database } from '../platform/database/database.ts';
import { DATABASE_ROLES } from '../platform/database/tenant-table.ts';
import type { Core } from './core.ts';

/** Organizations sealed side by side, and the look at the backlog. */
const POOL_SIZE = 5;

/** What keeps the audit log sealed. */
export function composeSealing({ surroundings, config, logger, clock, metrics, master, notifier, temporal }: Core) {
  const database = Database.open({
    url: surroundings.databaseUrl,
    role: DATABASE_ROLES.sealer,
    entities,
    poolSize: POOL_SIZE,
    logger,
  });
  const bare = new BareDatabase(database);
  const sealer = new Sealer({
    database: bare,
    keys: new SigningKeys(master),
    clock,
    logger,
    onSealed: metrics.entrySealed,
  });
  const sealing = new Sealing({ sealer, notifier, logger });
  const starter = sealingStarter({
    temporal,
    taskQueue: config.temporal.taskQueue,
    shards: config.auditShards,
    logger,
  });
  metrics.watchUnsealed(() => oldestUnsealed(bare));
  return { sealing, starter, database: bare, close: () => database.close() };
}
