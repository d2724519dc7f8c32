import { Client } from 'pg';

const DATABASE = 'countersign';
/** What API and worker log in as: no superuser, even here, so that what holds here holds in production. */
const LOGIN = 'countersign_login';

/**
 * Makes the database and the application's login in a server of our own.
 * @param adminUrl a superuser's; its password becomes the login's too, since both stand in the same data folder
 */
export async function prepareDatabase(adminUrl: string): Promise<{ databaseUrl: string; migrationUrl: string }> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    const password = admin.escapeLiteral(decodeURIComponent(new URL(adminUrl).password));
    const login = await admin.query('select from pg_roles where rolname = $1', [LOGIN]);
    await admin.query(
      `${login.rowCount === 0 ? 'create' : 'alter'} role ${LOGIN} login nosuperuser password ${password}`,
    );
    const database = await admin.query('select from pg_database where datname = $1', [DATABASE]);
    if (database.rowCount === 0) await admin.query(`create database ${DATABASE}`);
  } finally {
    await admin.end();
  }
  const migrationUrl = changed(adminUrl, (url) => (url.pathname = `/${DATABASE}`));
  return { migrationUrl, databaseUrl: changed(migrationUrl, (url) => (url.username = LOGIN)) };
}

function changed(text: string, change: (url: URL) => void): string {
  const url = new URL(text);
  change(url);
  return url.href;
}
