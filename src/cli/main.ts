import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAuditCommands } from './audit-commands.ts';

// What a command needs is loaded when it is called: verifying a bundle must not wait for the database's libraries.

const ENVIRONMENT = `
Environment:
  DATABASE_URL             what API and worker log in with; unset: the database that \`npm start\` keeps in DATA_DIR
  DATABASE_MIGRATION_URL   what \`migrate\` and \`workflows\` log in with; unset: DATABASE_URL
  COUNTERSIGN_SECRET_KEY   the master secret; unset: the one in DATA_DIR
  The README lists the others. Commands exit with 0, or with 1 and a sentence that says what to do; those about the audit
  log with 1 where something is wrong with it, and with 2 where that could not be told.`;

const FOR_OPERATOR = new Set([
  'command-refused',
  'database-unusable',
  'invalid-configuration',
  'unreadable-secret',
  'unusable-data-folder',
]);

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const config = async () => (await import('../config.ts')).parseConfig(process.env);

const program = new Command('countersign')
  .description('What an operator of Countersign does on the server. Everything else is done over HTTP.')
  .version(version)
  .showHelpAfterError('`countersign --help` lists the commands.')
  .addHelpText('after', ENVIRONMENT);

program
  .command('migrate')
  .description(
    'bring the database to this version: roles, schemas, tables; at the first time, make the organization `default`',
  )
  .option('--no-bootstrap', 'do not make the organization `default` and its key')
  .action(async (options: { bootstrap: boolean }) =>
    (await import('./commands/migrate.ts')).migrateCommand(await config(), options),
  );

program
  .command('doctor')
  .description('look at configuration, database, row-level security, master secret, Temporal and mail; a line each')
  .action(
    async () => void ((await (await import('./commands/doctor.ts')).doctor(process.env)) || (process.exitCode = 1)),
  );

const organization = program.command('organization').description('organizations of this installation');
organization
  .command('create')
  .argument('<name>')
  .description('make an organization, and show its owner’s key once')
  .action(async (name: string) =>
    (await import('./commands/organization.ts')).createOrganization(await config(), name),
  );

const key = program.command('key').description('API keys');
key
  .command('revoke')
  .argument('<id>', 'the key’s id; `-` reads the key itself from standard input')
  .option('--organization <id>', 'whose key it is; unset: `default`')
  .description('revoke a key at once')
  .action(async (id: string, options: { organization?: string }) =>
    (await import('./commands/key.ts')).revokeKeyCommand(await config(), id, options),
  );
key
  .command('create-operator')
  .description('make another operator’s key, where the first one was lost')
  .action(async () => (await import('./commands/key.ts')).createOperatorKey(await config()));

const outbox = program.command('outbox').description('mails and webhooks that did not arrive');
outbox
  .command('failed')
  .option('--json', 'as JSON')
  .description('list deliveries that were given up')
  .action(async (options: { json?: boolean }) =>
    (await import('./commands/outbox.ts')).listFailed(await config(), options),
  );
outbox
  .command('retry')
  .argument('[id...]')
  .option('--all', 'all of them')
  .description('try deliveries again; whoever a lost mail asked to decide is asked again with a new link')
  .action(async (ids: string[], options: { all?: boolean }) =>
    (await import('./commands/outbox.ts')).retryFailed(await config(), ids, options),
  );

const workflows = program.command('workflows').description('the workflows of open requests');
workflows
  .command('resume')
  .description('start the workflow of every open request that has none, after Temporal’s state was lost or left behind')
  .action(async () => (await import('./commands/workflows.ts')).resumeWorkflows(await config()));

addAuditCommands(program.command('audit').description('the audit log: verify, witness, check and export it'), config);

await program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode ||= 1;
});

/** A sentence where one says all there is to say; otherwise a defect, with its calls but without a library's words. */
function describe(error: unknown): string {
  if (error instanceof Error && 'code' in error && FOR_OPERATOR.has(String(error.code))) return error.message;
  const calls =
    error instanceof Error
      ? (error.stack ?? '')
          .split('\n')
          .filter((line) => /^\s+at /.test(line))
          .slice(0, 8)
      : [];
  return [
    'This should not have happened; please report it:',
    error instanceof Error ? error.name : typeof error,
    ...calls,
  ].join('\n');
}
