import { archiveAt } from '../../audit/archive/archived-entries.ts';
import { ArchiveUnavailable } from '../../audit/archive/errors.ts';
import { LogCheck } from '../../audit/checking/log-check.ts';
import type { Finding } from '../../audit/checking/finding.ts';
import { LogKeys } from '../../audit/exports/log-keys.ts';
import { SigningKeys } from '../../audit/sealing/signing-keys.ts';
import type { Config } from '../../config.ts';
import { MasterKey } from '../../platform/crypto/master-key.ts';
import { BareDatabase, type Run } from '../../platform/database/bare.ts';
import { Unavailable } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import { masterSecret } from '../../platform/secret.ts';
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
      wrong += await checkOne(logs, organization);
    say(
      wrong === 0
        ? 'Everything is as it was written.'
        : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} not as they were written.`,
    );
    return wrong === 0 ? EXIT.fine : EXIT.wrong;
  });
}

async function checkOne(logs: LogCheck, organization: string): Promise<number> {
  let found = 0;
  const report = (finding: Finding) => {
    found += 1;
    if (found <= SHOWN_AT_MOST) say(`${organization}: ${described(finding)}`);
  };
  const { entries, erased, checkpoints, waiting } = await reached(() => logs.check(organization, report));
  if (found > SHOWN_AT_MOST) say(`${organization}: and ${found - SHOWN_AT_MOST} more`);
  say(
    `${organization}: ${entries} entries (${erased} with erased personal data), ${checkpoints} checkpoints, ${waiting} waiting to be sealed; ${found} wrong`,
  );
  return found;
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
