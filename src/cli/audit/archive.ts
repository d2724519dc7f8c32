import { pino } from 'pino';
import { ArchiveFiles } from '../../audit/archive/archive-files.ts';
import { archiveAt } from '../../audit/archive/archived-entries.ts';
import { Archiving, type ArchivingStep, type MonthStanding } from '../../audit/archive/archiving.ts';
import { ArchiveDamaged } from '../../audit/archive/errors.ts';
import { type Month, parseMonth } from '../../audit/archive/month.ts';
import { MonthNotSealed } from '../../audit/archive/write-month.ts';
import { LogKeys } from '../../audit/exports/log-keys.ts';
import { SealedEntries } from '../../audit/sealed-entries.ts';
import { SigningKeys } from '../../audit/sealing/signing-keys.ts';
import type { Config } from '../../config.ts';
import { systemClock } from '../../platform/clock.ts';
import { MasterKey } from '../../platform/crypto/master-key.ts';
import { BareDatabase } from '../../platform/database/bare.ts';
import { ProblemError } from '../../platform/errors.ts';
import { masterSecret } from '../../platform/secret.ts';
import { type Application, withApplication } from '../application.ts';
import { OPERATOR } from '../operator.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';
import { EXIT, type ExitStatus } from './exit.ts';

export interface ArchiveOptions {
  readonly before: string;
  readonly dryRun?: boolean;
}

/**
 * Archives months whose retention is over, as the worker does by itself, and says what it does.
 * @throws CommandRefused
 */
export async function archive(config: Config, options: ArchiveOptions): Promise<ExitStatus> {
  const before = parseMonth(options.before);
  if (!before) throw new CommandRefused(`--before takes a month such as 2026-01, not “${options.before}”.`);
  const { auditArchiveDir: folder } = config;
  if (folder === null)
    throw new CommandRefused(
      'AUDIT_ARCHIVE_DIR is not set. Set it, in every process of this installation, to the folder that archives go to.',
    );
  return withApplication(config, async (application) => {
    const archiving = archivingOf(application, config, folder);
    return options.dryRun ? foretell(archiving, before) : carryOut(archiving, before);
  });
}

function archivingOf({ work, sealerDatabase, installation }: Application, config: Config, folder: string): Archiving {
  const keys = new LogKeys(
    new BareDatabase(sealerDatabase),
    new SigningKeys(new MasterKey(masterSecret(config.secretKey, config.dataDir))),
  );
  return new Archiving({
    work,
    keys,
    entries: new SealedEntries(archiveAt(folder)),
    files: new ArchiveFiles(folder),
    databaseUrl: installation.databaseUrl,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
  });
}

async function foretell(archiving: Archiving, before: Month): Promise<ExitStatus> {
  const standings = await reached(() => archiving.standings({ before, signal: new AbortController().signal }));
  for (const standing of standings) say(described(standing));
  if (standings.length === 0) say(`There is no month before ${before.name} in the database.`);
  return EXIT.fine;
}

async function carryOut(archiving: Archiving, before: Month): Promise<ExitStatus> {
  const signal = new AbortController().signal;
  const months = await reached(() =>
    archiving.run({ before, actor: OPERATOR, signal, onStep: (step) => say(progress(step)) }),
  );
  say(
    months.length === 0
      ? `No month before ${before.name} may leave the database; --dry-run says why.`
      : `Archived ${months.map(({ name }) => name).join(', ')}.`,
  );
  return EXIT.fine;
}

/** Null stands for somebody else who is at it. */
async function reached<T>(work: () => Promise<T | null>): Promise<T> {
  try {
    const result = await work();
    if (result === null)
      throw new CommandRefused('Another process is archiving at this moment. Wait until it has finished.');
    return result;
  } catch (error) {
    if (error instanceof MonthNotSealed)
      throw new CommandRefused(`${error.message}: start a worker, which seals them, and try again.`, { cause: error });
    if (error instanceof ArchiveDamaged || error instanceof ProblemError)
      throw new CommandRefused(`Nothing was dropped that is not archived. ${error.message}`, { cause: error });
    throw error;
  }
}

function described({ month, organizations, keptUntil, isDue }: MonthStanding): string {
  const count = organizations.length === 1 ? '1 organization' : `${organizations.length} organizations`;
  const until = keptUntil.toISOString().slice(0, 10);
  return isDue
    ? `${month.name}  would be archived (${count}, kept until ${until})`
    : `${month.name}  stays until ${until} (${count})`;
}

function progress({ month, organization, step }: ArchivingStep): string {
  return [month, organization, step].filter((part) => part !== undefined).join('  ');
}
