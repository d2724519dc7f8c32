import { ArchiveFiles } from '../audit/archive/archive-files.ts';
import { Archiving } from '../audit/archive/archiving.ts';
import { archivingStarter } from '../audit/archive/starter.ts';
import { LogKeys } from '../audit/exports/log-keys.ts';
import { SigningKeys } from '../audit/sealing/signing-keys.ts';
import type { BareDatabase } from '../platform/database/bare.ts';
import { sealedEntries } from './audit.ts';
import type { Core } from './core.ts';

/**
 * What moves old months of the audit log into files; null where no folder is named for them.
 * @param sealer opened under `countersign_sealer`, which alone may read the keys
 */
export function composeArchiving(
  { surroundings, config, logger, clock, master, work, temporal }: Core,
  sealer: BareDatabase,
) {
  const { auditArchiveDir } = config;
  if (auditArchiveDir === null) return null;
  const files = new ArchiveFiles(auditArchiveDir);
  const keys = new LogKeys(sealer, new SigningKeys(master));
  const archiving = new Archiving({
    work,
    entries: sealedEntries(config),
    keys,
    files,
    databaseUrl: surroundings.databaseUrl,
    clock,
    logger,
  });
  return { archiving, starter: archivingStarter({ temporal, taskQueue: config.temporal.taskQueue, logger }) };
}
