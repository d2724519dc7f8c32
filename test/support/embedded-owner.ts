/**
 * A program of its own: `node embedded-owner.ts FOLDER` starts the embedded PostgreSQL of the folder, prints its URL as
 * its only line, and then waits to be killed.
 */
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('usage: embedded-owner.ts FOLDER');

const postgres = await startEmbeddedPostgres({
  dataDir,
  settings: { fsync: 'off' },
  progress: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${postgres.adminUrl}\n`);
