import { strayMonths } from '../../audit/archive/archive-store.ts';
import { oldestUnsealed, SEALED_WITHIN_S } from '../../audit/sealing/backlog.ts';
import { DEFAULT_ORGANIZATION } from '../../bootstrap.ts';
import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import { BareDatabase } from '../../platform/database/bare.ts';
import { type DatabaseLogin, inspectLogin } from '../../platform/database/login.ts';
import { DatabaseUnusable, describeDatabaseFailure } from '../../platform/database/unusable.ts';
import { Organization } from '../../tenancy/entities.ts';
import type { Application } from '../application.ts';
import { failure, type Finding, ok, warning } from './check.ts';

/** Whether the database is there, and its login can do what it must and nothing more. */
export async function checkLogin(url: string): Promise<Finding[]> {
  const login = await lookAt(url);
  if ('level' in login) return [login];
  const reached = ok(`PostgreSQL ${login.serverVersion} answers the login ${login.name}.`);
  if (login.missingRoles.length > 0)
    return [
      reached,
      failure(
        `The login ${login.name} cannot become ${login.missingRoles.join(' and ')}. Run \`npx countersign migrate\` with DATABASE_URL set to this login.`,
      ),
    ];
  return [reached, ...rowLevelSecurity(login)];
}

async function lookAt(url: string): Promise<DatabaseLogin | Finding> {
  try {
    return await inspectLogin(url);
  } catch (error) {
    const described = describeDatabaseFailure(error, url);
    if (described instanceof DatabaseUnusable) return failure(described.message);
    throw error;
  }
}

function rowLevelSecurity({ name, powers }: DatabaseLogin): Finding[] {
  if (powers.length === 0) return [ok(`The login ${name} cannot get past row-level security.`)];
  const how = powers.includes(name) ? 'is a superuser or may bypass it' : `can become ${powers.join(', ')}`;
  return [
    warning(
      `The login ${name} can get past row-level security: it ${how}. Give DATABASE_URL a login that is a member of countersign_app, countersign_relay and countersign_sealer only; keep this one for DATABASE_MIGRATION_URL.`,
    ),
  ];
}

/** Whether this process's master secret is the one that the stored keys were wrapped with. */
export async function checkMasterSecret({ work }: Application): Promise<Finding> {
  try {
    return await work.read(DEFAULT_ORGANIZATION, async (em) => {
      if ((await em.count(Organization, { id: DEFAULT_ORGANIZATION })) === 0)
        return failure('There is no organization yet. Run `npx countersign migrate`.');
      const keys = await work.vault.unlock(em, DEFAULT_ORGANIZATION, [DEFAULT_ORGANIZATION]);
      return keys.has(DEFAULT_ORGANIZATION)
        ? ok('The master secret opens the stored keys.')
        : failure('The key of the organization `default` is missing. Restore the schema `keyring` from a backup.');
    });
  } catch (error) {
    if (error instanceof CannotDecrypt)
      return failure(
        'The master secret is not the one that this database was made with: nothing can be read. Set COUNTERSIGN_SECRET_KEY to the right one, or restore secret.key.',
      );
    throw error;
  }
}

/** Whether messages wait longer than they should, or were given up. */
export async function checkOutbox({ relayDatabase }: Application): Promise<Finding> {
  const rows = await relayDatabase.fork(null).execute<{ failed: string; late: string }[]>(
    `select count(*) filter (where failed_at is not null) as failed,
         count(*) filter (where failed_at is null and due_at < now() - interval '2 minutes') as late
       from countersign.outbox`,
  );
  const { failed, late } = rows[0] ?? { failed: '0', late: '0' };
  if (Number(late) > 0)
    return failure(`${late} messages have been due for more than two minutes. Start a worker, or look into its log.`);
  if (Number(failed) > 0)
    return warning(`${failed} deliveries were given up. \`npx countersign outbox failed\` lists them.`);
  return ok('The outbox is worked off.');
}

/** Whether the entries of the audit log are proven as they come. */
export async function checkSealing({ sealerDatabase }: Application): Promise<Finding> {
  const seconds = Math.round(await oldestUnsealed(new BareDatabase(sealerDatabase)));
  if (seconds > SEALED_WITHIN_S)
    return failure(
      `An entry of the audit log has waited for ${seconds} s to be sealed. Start a worker, or look into its log.`,
    );
  return ok('The audit log is sealed.');
}

/** Whether every entry of the audit log is in the partition of its month: only those can be archived. */
export async function checkPartitions({ sealerDatabase }: Application): Promise<Finding> {
  const stray = await strayMonths(new BareDatabase(sealerDatabase));
  if (stray.length === 0) return ok('Every entry of the audit log is in the partition of its month.');
  const months = stray.map(({ month, entries }) => `${month} (${entries})`).join(', ');
  return warning(
    `Entries of the audit log are in no partition of their month, and will never be archived: ${months}. A clock was wrong, or housekeeping did not run; docs/AUDIT.md, “Entries without a partition”, says how to move them.`,
  );
}
