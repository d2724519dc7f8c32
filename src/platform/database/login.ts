import { Client } from 'pg';
import type { Logger } from 'pino';
import { DATABASE_ROLES } from './tenant-table.ts';
import { DatabaseUnusable, describeDatabaseFailure, notMigrated } from './unusable.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 5_000;

/** What a login may do, as PostgreSQL knows it. */
export interface DatabaseLogin {
  readonly name: string;
  /** Superusers, roles with BYPASSRLS and the tables' owner: whatever of these it is, or could step into. */
  readonly powers: readonly string[];
  /** Roles that API and worker step into, and this login cannot; every one of them before the first migration. */
  readonly missingRoles: readonly string[];
  /** `18.4` */
  readonly serverVersion: string;
}

interface LoginRow {
  readonly name: string;
  readonly version: string;
  readonly powers: string[];
  readonly held: string[];
}

const LOOK = `
  select session_user::text as name, current_setting('server_version') as version,
    array(select rolname::text from pg_roles where (rolsuper or rolbypassrls or rolname = $1) and pg_has_role(session_user, oid, 'MEMBER') order by rolname) as powers,
    array(select rolname::text from pg_roles where rolname = any($2::text[]) and pg_has_role(session_user, oid, 'MEMBER')) as held`;

/**
 * Logs in and looks at what this login may do.
 * @throws Error of the driver, where the database cannot be reached or refuses the login
 */
export async function inspectLogin(url: string): Promise<DatabaseLogin> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  await client.connect();
  try {
    const needed: string[] = [DATABASE_ROLES.app, DATABASE_ROLES.relay, DATABASE_ROLES.sealer];
    const { rows } = await client.query<LoginRow>(LOOK, [DATABASE_ROLES.owner, needed]);
    const [{ name, version, powers, held }] = rows as [LoginRow];
    return {
      name,
      powers,
      missingRoles: needed.filter((role) => !held.includes(role)),
      serverVersion: version.split(' ')[0] ?? version,
    };
  } finally {
    await client.end();
  }
}

/**
 * Logs in as a process does that is about to start, and cannot do without the database.
 * @param roles which it will step into
 * @throws DatabaseUnusable where the database cannot be had, or has not been migrated
 */
export async function requireLogin(url: string, roles: readonly string[]): Promise<DatabaseLogin> {
  const login = await inspectLogin(url).catch((error: unknown) => {
    throw unusable(error, url);
  });
  if (roles.some((role) => login.missingRoles.includes(role))) throw new DatabaseUnusable(notMigrated(url));
  return login;
}

/** What is not foreseen is said in the driver's words: a password or certificate that is missing, mostly. */
function unusable(error: unknown, url: string): unknown {
  const described = describeDatabaseFailure(error, url);
  if (described !== error || !(error instanceof Error)) return described;
  return new DatabaseUnusable(`The database at ${new URL(url).host} cannot be used: ${error.message}. Check the URL.`, {
    cause: error,
  });
}

/**
 * Warns in the log where the login could get past row-level security. API and worker step down to a role that cannot, but
 * whoever gets hold of the login's password does not.
 */
export function warnOfPowerfulLogin({ powers }: DatabaseLogin, logger: Logger): void {
  if (powers.length === 0) return;
  logger.warn(
    { roles: powers },
    'the login of DATABASE_URL can get past row-level security; use one that is a member of countersign_app, countersign_relay and countersign_sealer only (`npx countersign doctor` says more)',
  );
}
