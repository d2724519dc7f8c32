import { isDatabaseGone } from './failures.ts';

/** SQLSTATE codes (PostgreSQL, appendix A) of what an operator can put right. */
const WRONG_LOGIN = new Set(['28000', '28P01']);
const NO_DATABASE = '3D000';
const NOT_ALLOWED = '42501';
const NO_TABLE = new Set(['42P01', '3F000', '42883']);
/** A role that is not there: the login cannot step into it. */
const NO_ROLE = '22023';

/** The database cannot be used as it is. The message is one sentence for the operator: what is wrong, and what to do. */
export class DatabaseUnusable extends Error {
  readonly code = 'database-unusable';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseUnusable';
  }
}

/**
 * Says in one sentence what is wrong with the database, and what to do.
 * @param url the login that was used; its password is never shown
 * @returns a DatabaseUnusable, or the error itself where it is none of the known ones
 */
export function describeDatabaseFailure(error: unknown, url: string): unknown {
  const { hostname, port, username, pathname } = new URL(url);
  const where = `${hostname}:${port || '5432'}`;
  const login = decodeURIComponent(username);
  const database = decodeURIComponent(pathname.slice(1));
  const refused = (message: string) => new DatabaseUnusable(message, { cause: error });
  const code = sqlState(error);
  if (WRONG_LOGIN.has(code))
    return refused(`The database at ${where} refuses the login ${login}. Check user and password in the URL.`);
  if (code === NO_DATABASE)
    return refused(`There is no database ${database} at ${where}. Make it: \`create database ${database}\`.`);
  if (code === NOT_ALLOWED)
    return refused(
      `The login ${login} may not do this (${sqlMessage(error)}). docs/OPERATIONS.md, “Database roles”, says what it needs.`,
    );
  if (NO_TABLE.has(code) || code === NO_ROLE) return refused(notMigrated(url));
  if (isDatabaseGone(error)) return refused(`The database at ${where} does not answer. Start it, or correct the URL.`);
  return error;
}

/** What is said of a database that the migration has not been run on. */
export function notMigrated(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `The database ${decodeURIComponent(pathname.slice(1))} at ${hostname}:${port || '5432'} has no Countersign of this version yet. Run \`npx countersign migrate\`.`;
}

function sqlState(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && /^[0-9A-Z]{5}$/.test(at.code)) return at.code;
  }
  return '';
}

/** The first cause's words: on missing rights PostgreSQL names roles and tables, never a row. */
function sqlMessage(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  return last instanceof Error ? (last.message.split('\n')[0] ?? '') : 'unknown';
}
