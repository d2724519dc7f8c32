import { type Config, InvalidConfiguration } from './config.ts';
import { type DatabaseLogin, requireLogin } from './platform/database/login.ts';
import { masterSecret } from './platform/secret.ts';
import { requireTemporal } from './platform/temporal/required.ts';

export interface GivenServices {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly smtpUrl: string;
  readonly secret: string;
}

/**
 * The services that the environment names, for processes that start none themselves.
 * @throws InvalidConfiguration naming what is missing
 */
export function givenServices(config: Config): GivenServices {
  const needed = {
    DATABASE_URL: config.databaseUrl,
    TEMPORAL_ADDRESS: config.temporal.address,
    SMTP_URL: config.smtpUrl,
  };
  const missing = Object.entries(needed)
    .filter(([, value]) => value === null)
    .map(([name]) => name);
  if (config.databaseUrl === null || config.temporal.address === null || config.smtpUrl === null) {
    throw new InvalidConfiguration(
      `${missing.join(', ')}: set ${missing.length === 1 ? 'it' : 'them'} to run this process alone, or use \`npm start\`, which brings everything along`,
    );
  }
  return {
    databaseUrl: config.databaseUrl,
    temporalAddress: config.temporal.address,
    smtpUrl: config.smtpUrl,
    secret: masterSecret(config.secretKey, config.dataDir),
  };
}

/**
 * Asks them all whether they are there, but the mail server: mail waits for that by itself. Only at the start: a service
 * that goes away later is waited for.
 * @param roles which the process steps into in the database
 * @throws DatabaseUnusable, WorkflowServiceUnavailable
 */
export async function requireServices(
  { databaseUrl, temporalAddress }: GivenServices,
  { temporal: { namespace, security } }: Config,
  roles: readonly string[],
): Promise<{ login: DatabaseLogin }> {
  const [login] = await Promise.all([
    requireLogin(databaseUrl, roles),
    requireTemporal({ address: temporalAddress, namespace, security }),
  ]);
  return { login };
}
