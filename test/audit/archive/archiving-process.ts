/** A process that archives what is due, and stands still at one step, to be killed there. What it needs stands in its environment. */
import pino from 'pino';
import { ArchiveFiles } from '../../../src/audit/archive/archive-files.ts';
import { ArchivedEntries } from '../../../src/audit/archive/archived-entries.ts';
import { Archiving } from '../../../src/audit/archive/archiving.ts';
import { LogKeys } from '../../../src/audit/exports/log-keys.ts';
import { SealedEntries } from '../../../src/audit/sealed-entries.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { writeAudit } from '../../../src/audit/store.ts';
import { entities } from '../../../src/entities.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import { systemClock as clock } from '../../../src/platform/clock.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { UnitOfWork } from '../../../src/platform/unit-of-work.ts';

const { DATABASE_URL: url = '', SECRET_KEY: secret = '', FOLDER = '', STAND_STILL_AT = '' } = process.env;
const logger = pino({ level: 'silent' });
const master = new MasterKey(secret);
const nothing = () => undefined;
const work = new UnitOfWork({
  database: Database.open({ url, role: DATABASE_ROLES.app, entities, poolSize: 4, logger }),
  vault: new Vault(master),
  clock,
  log: { writeAudit, writeOutbox, settleOutbox },
  notifier: { outboxFilled: nothing, auditWritten: nothing, changed: nothing },
});
const sealer = new BareDatabase(Database.open({ url, role: DATABASE_ROLES.sealer, entities, poolSize: 2, logger }));
const files = new ArchiveFiles(FOLDER);
const archiving = new Archiving({
  work,
  entries: new SealedEntries(new ArchivedEntries(files)),
  keys: new LogKeys(sealer, new SigningKeys(master)),
  files,
  databaseUrl: url,
  clock,
  logger,
});

let steps = 0;
await archiving.run({
  actor: { type: 'workflow', id: null },
  signal: new AbortController().signal,
  onStep: async ({ step }) => {
    steps += 1;
    if (`${steps} ${step}` !== STAND_STILL_AT) return;
    process.stdout.write('standing still\n');
    await new Promise(() => setInterval(nothing, 60_000));
  },
});
process.stdout.write('done\n');
process.exit(0);
