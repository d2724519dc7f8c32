import { randomBytes } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Logger, pino } from 'pino';
import { LogCheck } from '../../../src/audit/checking/log-check.ts';
import { LogKeys } from '../../../src/audit/exports/log-keys.ts';
import { Sealer } from '../../../src/audit/sealing/sealer.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { writeAudit } from '../../../src/audit/store.ts';
import { entities } from '../../../src/entities.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { migrate } from '../../../src/platform/database/migrate.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { startEmbeddedPostgres } from '../../../src/platform/embedded/postgres.ts';
import { prepareDatabase } from '../../../src/platform/embedded/prepare-database.ts';
import type { Progress } from '../../../src/platform/embedded/progress.ts';
import { scratchFolder } from '../../../src/platform/embedded/scratch-folder.ts';
import { newId } from '../../../src/platform/ids.ts';
import { type Origin, UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { writeEntries } from './entries.ts';
import type { TamperedPlace } from './table-tampering.ts';

/** The only shard. */
const WHOLE = { index: 0, of: 1 };

/** A database with what writes the audit log, seals it and checks it. Nothing seals by itself. */
export interface LogPlace extends TamperedPlace {
  readonly database: Database;
  readonly work: UnitOfWork;
  readonly master: MasterKey;
  readonly keys: LogKeys;
  /** Makes an organization, which is no more than its key here. @returns its id */
  makeOrganization(): Promise<string>;
  write(organization: string, entries: number): Promise<void>;
  /** Seals a batch of each log. @returns whether there may be more at once */
  seal(): Promise<boolean>;
  stop(): Promise<void>;
}

/** @param connections so many writers can write at a time */
export async function startLogPlace(progress: Progress, connections: number): Promise<LogPlace> {
  const folder = await scratchFolder('bench');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  const running: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const stopOne of running.splice(0).toReversed()) await stopOne();
  };
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), progress });
    running.push(postgres.stop);
    const { databaseUrl, migrationUrl } = await prepareDatabase(postgres.adminUrl);
    await migrate(migrationUrl, databaseUrl, entities);
    const admin = new Client({ connectionString: migrationUrl });
    await admin.connect();
    running.push(() => admin.end());
    const logger = pino({ level: 'error' });
    const open = (role: string, poolSize: number) => {
      const database = Database.open({ url: databaseUrl, role, entities, poolSize, logger });
      running.push(() => database.close());
      return database;
    };
    const database = open(DATABASE_ROLES.app, connections);
    return { admin, database, stop, ...composeLog(database, new BareDatabase(open(DATABASE_ROLES.sealer, 5)), logger) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function composeLog(database: Database, sealerDatabase: BareDatabase, logger: Logger) {
  const master = new MasterKey(randomBytes(32).toString('hex'));
  const vault = new Vault(master);
  const keys = new LogKeys(sealerDatabase, new SigningKeys(master));
  const sealing = new Sealer({ database: sealerDatabase, keys: new SigningKeys(master), clock: systemClock, logger });
  const work = new UnitOfWork({
    database,
    vault,
    clock: systemClock,
    log: { writeAudit, writeOutbox, settleOutbox },
    notifier: { outboxFilled: () => undefined, auditWritten: () => undefined, changed: () => undefined },
  });
  return {
    master,
    work,
    sealer: sealerDatabase,
    keys,
    check: new LogCheck({ work, archive: { read: async () => new Map() }, keys }),
    seal: () => sealing.round(WHOLE),
    write: (organization: string, entries: number) => writeEntries(work, organization, entries),
    async makeOrganization(): Promise<string> {
      const organization = newId();
      const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
      await work.bookkeep(origin, async (tx) => void vault.createKey(tx.em, organization, organization, tx.at));
      return organization;
    },
  };
}
