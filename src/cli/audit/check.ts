import { archiveAt } from '../../audit/archive/archived-entries.ts';
import { ArchiveUnavailable } from '../../audit/archive/errors.ts';
import { LogCheck } from '../../audit/checking/log-check.ts';
import type { Finding, Report } from '../../audit/checking/finding.ts';
import { LogKeys } from '../../audit/exports/log-keys.ts';
import { SigningKeys } from '../../audit/sealing/signing-keys.ts';
import { JournalCheck } from '../../budgets/journal/journal-check.ts';
import type { Config } from '../../config.ts';
import { MasterKey } from '../../platform/crypto/master-key.ts';
import { BareDatabase, type Run } from '../../platform/database/bare.ts';
import { Unavailable } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import { masterSecret } from '../../platform/secret.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { withApplication } from '../application.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';
import { EXIT, type ExitStatus } from './exit.ts';

/** Of each organization; a log that is wrong from the first entry on need not fill the screen. */
const SHOWN_AT_MOST = 100;

/** From one organization to the next in each table's index, however many rows it has there. */
const ORGANIZATIONS = [
  'audit_entries',
  'audit_leaves',
  'audit_logs',
  'audit_pending',
  'audit_tiles',
  'audit_checkpoints',
  'reservation_changes',
]
  .map(
    (table) => `
  (with recursive found as (
    (select organization_id from countersign.${table} order by organization_id limit 1)
    union all
    select (select t.organization_id from countersign.${table} t where t.organization_id > found.organization_id order by t.organization_id limit 1)
    from found where found.organization_id is not null
  ) select organization_id as id from found where organization_id is not null)`,
  )
  .join(' union ');

/**
 * Computes the logs again out of what is stored.
 * @throws CommandRefused where the database cannot be used, or there is no such organization
 */
export async function check(config: Config, options: { readonly organization?: string }): Promise<ExitStatus> {
  return withApplication(config, async (application) => {
    const database = new BareDatabase(application.sealerDatabase);
    const keys = new LogKeys(database, new SigningKeys(new MasterKey(masterSecret(config.secretKey, config.dataDir))));
    const logs = new LogCheck({ work: application.work, archive: archiveAt(config.auditArchiveDir), keys });
    let wrong = 0;
    for (const organization of await organizationsWanted((sql) => database.query(sql), options.organization))
      wrong += await checkOne(logs, application.work, organization);
    say(
      wrong === 0
        ? 'Everything is as it was written.'
        : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} not as they were written.`,
    );
    return wrong === 0 ? EXIT.fine : EXIT.wrong;
  });
}

async function checkOne(logs: LogCheck, work: UnitOfWork, organization: string): Promise<number> {
  let found = 0;
  const report = (finding: Finding) => {
    found += 1;
    if (found <= SHOWN_AT_MOST) say(`${organization}: ${described(finding)}`);
  };
  const { log, journal } = await reached(() => checkBoth(logs, work, organization, report));
  if (found > SHOWN_AT_MOST) say(`${organization}: and ${found - SHOWN_AT_MOST} more`);
  if (journal.minutes + journal.waiting > 0)
    say(
      `${organization}: ${journal.minutes} digests of reservations compared with their journal, ${journal.waiting} changes waiting for theirs`,
    );
  say(
    `${organization}: ${log.entries} entries (${log.erased} with erased personal data), ${log.checkpoints} checkpoints, ${log.waiting} waiting to be sealed; ${found} wrong`,
  );
  return found;
}

/** The log, and on the way through it the reservations that its digests tell of. */
async function checkBoth(logs: LogCheck, work: UnitOfWork, organization: string, report: Report) {
  const reservations = await JournalCheck.begin(work, organization, report);
  const log = await logs.check(organization, report, {
    action: 'reservations.recorded',
    take: (seq, detail) => reservations.take(seq, detail),
  });
  return { log, journal: await reservations.finish(log.waiting === 0) };
}

async function organizationsWanted(run: Run, one: string | undefined): Promise<string[]> {
  const all = (await run<{ id: string }>(`select distinct id from (${ORGANIZATIONS}) every order by id`)).map(
    ({ id }) => id,
  );
  if (one === undefined) return all;
  if (!isUuid(one)) throw new CommandRefused(`“${one}” is no id of an organization; it is a UUID.`);
  if (!all.includes(one.toLowerCase())) throw new CommandRefused(`There is no audit log of an organization ${one}.`);
  return [one.toLowerCase()];
}

async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unavailable || error instanceof ArchiveUnavailable)
      throw new CommandRefused(`The check could not be finished. ${error.message}`, { cause: error });
    throw error;
  }
}

function described({ seq, what }: Finding): string {
  return seq === null ? what : `entry ${seq}: ${what}`;
}
