import { type Logger, pino } from 'pino';
import { writeAudit } from '../audit/store.ts';
import type { Config } from '../config.ts';
import { entities } from '../entities.ts';
import { settleOutbox, writeOutbox } from '../notify/outbox.ts';
import { systemClock } from '../platform/clock.ts';
import { MasterKey } from '../platform/crypto/master-key.ts';
import { Vault } from '../platform/crypto/vault.ts';
import { Database } from '../platform/database/database.ts';
import { DATABASE_ROLES } from '../platform/database/tenant-table.ts';
import { describeDatabaseFailure } from '../platform/database/unusable.ts';
import { masterSecret } from '../platform/secret.ts';
import { type ChangeNotifier, UnitOfWork } from '../platform/unit-of-work.ts';
import { findInstallation, type Installation } from './installation.ts';

/** What commands work with: the same unit of work as the API, under the same role. */
export interface Application {
  readonly config: Config;
  readonly installation: Installation;
  readonly work: UnitOfWork;
  /** Sees the outbox of every organization, and nothing else. */
  readonly relayDatabase: Database;
  /** Sees the audit log of every organization, and nothing else. */
  readonly sealerDatabase: Database;
}

/** A command ends at once; relay and sealing look by themselves. */
const NOBODY_LISTENS: ChangeNotifier = {
  outboxFilled: () => undefined,
  auditWritten: () => undefined,
  changed: () => undefined,
};

const POOL_SIZE = 2;

/**
 * Runs a command with everything it needs, and puts it all away afterwards.
 * @throws DatabaseUnusable; whatever the command throws
 */
export async function withApplication<T>(
  config: Config,
  command: (application: Application) => Promise<T>,
): Promise<T> {
  const installation = findInstallation(config);
  const url = installation.databaseUrl;
  const logger = pino({ level: 'silent' });
  const database = openDatabase(url, DATABASE_ROLES.app, logger);
  const relayDatabase = openDatabase(url, DATABASE_ROLES.relay, logger);
  const sealerDatabase = openDatabase(url, DATABASE_ROLES.sealer, logger);
  const vault = new Vault(new MasterKey(masterSecret(config.secretKey, config.dataDir)));
  const work = new UnitOfWork({
    database,
    vault,
    clock: systemClock,
    log: { writeAudit, writeOutbox, settleOutbox },
    notifier: NOBODY_LISTENS,
  });
  try {
    return await command({ config, installation, work, relayDatabase, sealerDatabase });
  } catch (error) {
    throw describeDatabaseFailure(error, url);
  } finally {
    await Promise.all([database.close(), relayDatabase.close(), sealerDatabase.close()]);
  }
}

function openDatabase(url: string, role: string, logger: Logger): Database {
  return Database.open({ url, role, entities, poolSize: POOL_SIZE, logger });
}
