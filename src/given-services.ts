import { type Config, InvalidConfiguration } from './config.ts';
import { masterSecret } from './platform/secret.ts';

/**
 * The services that the environment names, for processes that start none themselves.
 * @throws InvalidConfiguration naming what is missing
 */
export function givenServices(config: Config): {
  databaseUrl: string;
  temporalAddress: string;
  smtpUrl: string;
  secret: string;
} {
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
