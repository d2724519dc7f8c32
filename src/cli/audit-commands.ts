import type { Command, CommanderError } from 'commander';
import type { Config } from '../config.ts';
import type { ArchiveOptions } from './audit/archive.ts';
import type { VerifyOptions } from './audit/verify.ts';
import type { WitnessOptions } from './audit/witness.ts';
import { EXIT, withVerdict } from './audit/exit.ts';

const STATUS = `
Exit status: 0 where everything is as it was written, 1 where something is wrong with the log (the first thing is named), 2
where that could not be told: a file is missing or is something else, the key is of another kind, nothing answers.`;

/** \`countersign audit …\`. Verifying and witnessing need neither configuration nor database. */
export function addAuditCommands(audit: Command, config: () => Promise<Config>): void {
  addOffline(audit);
  addOnServer(audit, config);
  addArchive(audit, config);
  audit.addHelpText('after', STATUS).exitOverride(exit);
  // Without this a mistyped option would look like a log that is wrong.
  for (const command of audit.commands) command.addHelpText('after', STATUS).exitOverride(exit);
}

function addOffline(audit: Command): void {
  audit
    .command('verify')
    .argument('<bundle>', 'the file; `-` reads it from standard input')
    .requiredOption('--key <key>', 'the public key of the log, or a file with it; had from elsewhere than the bundle')
    .option(
      '--seen <file>',
      'a checkpoint of this log that was kept outside, or a witness’s state: is it of the same history?',
    )
    .option(
      '--witness <key>',
      'the public key of a witness, or a file with it: it must have cosigned what the bundle leads to',
    )
    .option('--json', 'the result as JSON')
    .description('verify a bundle, with no network and no database')
    .action((bundle: string, options: VerifyOptions) =>
      withVerdict(async () => (await import('./audit/verify.ts')).verify(bundle, options)),
    );
  audit
    .command('witness-key')
    .requiredOption('--name <name>', 'what the key is called in cosignatures, such as witness.example.com')
    .requiredOption('--out <file>', 'where the private key goes; it must not be there yet')
    .description('make the key of a witness, and show its public half')
    .action((options: { name: string; out: string }) =>
      withVerdict(async () => {
        await (await import('./audit/witness.ts')).makeWitnessKey(options);
        return EXIT.fine;
      }),
    );
  audit
    .command('witness')
    .requiredOption('--url <url>', 'where the API is')
    .requiredOption('--api-key-file <file>', 'holds an API key with the scope audit:read')
    .requiredOption('--key-file <file>', 'holds the witness’s private key')
    .requiredOption('--state <file>', 'keeps what the witness has seen; made at the first time, and never to be lost')
    .option(
      '--log-key <key>',
      'the public key of the log, or a file with it; unset: what the log says at the first time',
    )
    .option('--every <time>', 'how often it looks: 30s, 5m, 1h', '30s')
    .option('--once', 'look once, and end')
    .description(
      'cosign the log’s checkpoints, as long as each follows from all before it; best run by somebody else, elsewhere',
    )
    .action((options: WitnessOptions) =>
      withVerdict(async () => (await import('./audit/witness.ts')).witness(options)),
    );
}

function addOnServer(audit: Command, config: () => Promise<Config>): void {
  audit
    .command('check')
    .option('--organization <id>', 'the log of this one; unset: all of them')
    .description(
      'compute the logs in the database again, and find whatever was changed, added or removed past Countersign',
    )
    .action((options: { organization?: string }) =>
      withVerdict(async () => (await import('./audit/check.ts')).check(await config(), options)),
    );
  audit
    .command('export')
    .requiredOption('--from <moment>', 'entries from this moment on, such as 2026-11-01')
    .requiredOption('--to <moment>', 'up to, and without, this one')
    .requiredOption('--out <file>', 'where the bundle goes')
    .option('--organization <id>', 'whose entries; unset: `default`')
    .description('write a bundle that proves itself, straight from the database')
    .action((options: { from: string; to: string; out: string; organization?: string }) =>
      withVerdict(async () => {
        await (await import('./audit/export.ts')).exportToFile(await config(), options);
        return EXIT.fine;
      }),
    );
}

function addArchive(audit: Command, config: () => Promise<Config>): void {
  audit
    .command('archive')
    .requiredOption(
      '--before <month>',
      'months before this one, such as 2026-01, whose retention is over for every organization',
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .description('move months out of the database into files in AUDIT_ARCHIVE_DIR, verified before anything is dropped')
    .action((options: ArchiveOptions) =>
      withVerdict(async () => (await import('./audit/archive.ts')).archive(await config(), options)),
    );
}

/** Commander says what was wrong by itself. */
function exit(error: CommanderError): never {
  process.exit(error.exitCode === 0 ? EXIT.fine : EXIT.couldNotTell);
}
