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
import { checkOrganization, type CheckParts } from './check-organization.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { mustBeRightSecret } from './right-secret.ts';

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
  .concat('select id from countersign.organizations_to_check() as known (id)')
  .join(' union ');

/**
 * Computes the logs again out of what is stored.
 * @throws CommandRefused where the database cannot be used, the master secret is another one, or there is no such organization
 */
export async function check(config: Config, options: { readonly organization?: string }): Promise<ExitStatus> {
  return withApplication(config, async (application) => {
    const sealer = new BareDatabase(application.sealerDatabase);
    const keys = new LogKeys(sealer, new SigningKeys(new MasterKey(masterSecret(config.secretKey, config.dataDir))));
    const { work } = application;
    const parts = { logs: new LogCheck({ work, archive: archiveAt(config.auditArchiveDir), keys }), work, sealer };
    const every = await organizationsThere((sql) => sealer.query(sql));
    const wanted = options.organization === undefined ? every : [oneOf(every, options.organization)];
    await mustBeRightSecret({ keys, work }, every);
    let wrong = 0;
    for (const organization of wanted) wrong += await checkOne(parts, organization);
    say(
      wrong === 0
        ? 'Everything is as it was written.'
        : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} not as they were written.`,
    );
    return wrong === 0 ? EXIT.fine : EXIT.wrong;
  });
}

async function checkOne(parts: CheckParts, organization: string): Promise<number> {
  let found = 0;
  const report = (finding: Finding) => {
    found += 1;
    if (found <= SHOWN_AT_MOST) say(`${organization}: ${described(finding)}`);
  };
  const { log, journal } = await reached(() => checkOrganization(parts, organization, report));
  if (found > SHOWN_AT_MOST) say(`${organization}: and ${found - SHOWN_AT_MOST} more`);
  if (journal.minutes + journal.waiting > 0)
    say(
      `${organization}: ${journal.minutes} digests of reservations compared with their journal, ${journal.waiting} changes waiting for theirs`,
    );
  if (log.late.first !== null)
    say(
      `${organization}: ${log.late.entries} entries are late: they stand after others that are more than an hour younger; the first is entry ${log.late.first}`,
    );
  say(
    `${organization}: ${log.entries} entries (${log.erased} with erased personal data), ${log.checkpoints} checkpoints, ${log.waiting} waiting to be sealed; ${found} wrong`,
  );
  return found;
}

async function organizationsThere(run: Run): Promise<string[]> {
  return (await run<{ id: string }>(`select distinct id from (${ORGANIZATIONS}) every order by id`)).map(
    ({ id }) => id,
  );
}

/** @throws CommandRefused where it is none of them */
function oneOf(every: readonly string[], one: string): string {
  if (!isUuid(one)) throw new CommandRefused(`“${one}” is no id of an organization; it is a UUID.`);
  if (!every.includes(one.toLowerCase())) throw new CommandRefused(`There is no audit log of an organization ${one}.`);
  return one.toLowerCase();
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
