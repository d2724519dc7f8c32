import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { CommandRefused } from './refusal.ts';

/** Where the services of one installation are, as far as they are known. */
export interface Installation {
  readonly databaseUrl: string;
  /** The login that migrations run as. */
  readonly migrationUrl: string;
  readonly temporalAddress: string | null;
  readonly smtpUrl: string | null;
  /** Whether `npm start` brings the database along. */
  readonly embedded: boolean;
}

/**
 * The services that the environment names; where it names no database, those that `npm start` keeps in the data folder, so
 * that commands work beside it without any configuration.
 * @throws CommandRefused where there are neither
 */
export function findInstallation(config: Config): Installation {
  const given = { temporalAddress: config.temporal.address, smtpUrl: config.smtpUrl };
  const databaseUrl = config.databaseUrl ?? config.databaseMigrationUrl;
  if (databaseUrl !== null)
    return { ...given, databaseUrl, migrationUrl: config.databaseMigrationUrl ?? databaseUrl, embedded: false };
  const embedded = embeddedDatabase(config.dataDir);
  if (embedded === null)
    throw new CommandRefused(
      `DATABASE_URL is not set, and ${config.dataDir} holds no database of \`npm start\`. Set DATABASE_URL, or run \`npm start\` first.`,
    );
  return {
    ...embedded,
    temporalAddress:
      config.temporal.address ?? onLoopback(portIn(join(config.dataDir, 'temporal', 'temporal', 'port')), ''),
    smtpUrl: config.smtpUrl ?? onLoopback(portIn(join(config.dataDir, 'mailbox', 'mailbox.port')), 'smtp://'),
    embedded: true,
  };
}

function embeddedDatabase(dataDir: string): Pick<Installation, 'databaseUrl' | 'migrationUrl'> | null {
  const port = portIn(join(dataDir, 'postgres', 'postgres.port'));
  const password = textIn(join(dataDir, 'postgres', 'postgres.password'));
  if (port === null || password === null) return null;
  const urlOf = (login: string) => `postgres://${login}:${encodeURIComponent(password)}@127.0.0.1:${port}/countersign`;
  return { databaseUrl: urlOf('countersign_login'), migrationUrl: urlOf('postgres') };
}

function onLoopback(port: string | null, scheme: string): string | null {
  return port === null ? null : `${scheme}127.0.0.1:${port}`;
}

function portIn(file: string): string | null {
  const text = textIn(file);
  return text !== null && /^\d{1,5}$/.test(text) ? text : null;
}

function textIn(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
