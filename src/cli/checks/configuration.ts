import { type Config, InvalidConfiguration, parseConfig } from '../../config.ts';
import { failure, type Finding, ok, warning } from './check.ts';

/** Reads the environment. A configuration that cannot be read leaves nothing else to check. */
export function checkConfiguration(environment: Readonly<Record<string, string | undefined>>): {
  readonly config: Config | null;
  readonly findings: Finding[];
} {
  try {
    const config = parseConfig(environment);
    return {
      config,
      findings: [
        ok(`The environment is in order; mode ${config.production ? 'production' : 'development'}.`),
        ...warningsOf(config),
      ],
    };
  } catch (error) {
    if (!(error instanceof InvalidConfiguration)) throw error;
    return { config: null, findings: [failure(`${error.message}. Correct the environment.`)] };
  }
}

function warningsOf({ production, publicUrl, secretKey, databaseUrl, mailFrom }: Config): Finding[] {
  const findings: Finding[] = [];
  if (production && !publicUrl.startsWith('https:'))
    findings.push(
      warning(
        `PUBLIC_URL is ${publicUrl}: links in mail are read by whoever listens on the way. Set it to the https address people reach.`,
      ),
    );
  if (!production && databaseUrl !== null)
    findings.push(
      warning(
        'NODE_ENV is not `production`, although a database is named. Set it, so that what production needs is demanded.',
      ),
    );
  if (secretKey === null && databaseUrl !== null)
    findings.push(
      warning(
        'COUNTERSIGN_SECRET_KEY is not set: every machine then makes one of its own, and none can read what another wrote. Set the same one everywhere.',
      ),
    );
  if (production && mailFrom.includes('localhost'))
    findings.push(warning('MAIL_FROM is the default, which mail servers refuse. Set it to an address of yours.'));
  return findings;
}
