import type { Config } from '../../config.ts';
import { withApplication } from '../application.ts';
import { failure, type Finding, ok } from '../checks/check.ts';
import { checkConfiguration } from '../checks/configuration.ts';
import { checkLogin, checkMasterSecret, checkOutbox, checkPartitions, checkSealing } from '../checks/database.ts';
import { checkMail, checkTemporal } from '../checks/services.ts';
import { findInstallation, type Installation } from '../installation.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';

const SIGN: Readonly<Record<Finding['level'], string>> = { ok: 'ok     ', warning: 'WARNING', failure: 'FAILURE' };

/**
 * Looks at everything an installation needs, a line each.
 * @returns whether nothing failed
 */
export async function doctor(environment: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const { config, findings } = checkConfiguration(environment);
  const all = [...findings, ...(config === null ? [] : await checkServices(config))];
  for (const { level, text } of all) say(`${SIGN[level]}  ${text}`);
  const count = (level: Finding['level']) => all.filter((finding) => finding.level === level).length;
  say(`\n${count('failure')} failures, ${count('warning')} warnings.`);
  return count('failure') === 0;
}

async function checkServices(config: Config): Promise<Finding[]> {
  const installation = installationOf(config);
  if ('level' in installation) return [installation];
  const { temporalAddress, smtpUrl, embedded } = installation;
  const where = embedded
    ? [ok(`No database is named: looking at the services that \`npm start\` keeps in ${config.dataDir}.`)]
    : [];
  const [database, workflows, mail] = await Promise.all([
    checkDatabase(config, installation),
    checkTemporal(temporalAddress, config.temporal),
    checkMail(smtpUrl),
  ]);
  return [...where, ...database, ...workflows, mail];
}

function installationOf(config: Config): Installation | Finding {
  try {
    return findInstallation(config);
  } catch (error) {
    if (error instanceof CommandRefused) return failure(error.message);
    throw error;
  }
}

async function checkDatabase(config: Config, { databaseUrl }: Installation): Promise<Finding[]> {
  const login = await checkLogin(databaseUrl);
  if (login.some((finding) => finding.level === 'failure')) return login;
  try {
    return [
      ...login,
      ...(await withApplication(config, async (application) => [
        await checkMasterSecret(application),
        await checkOutbox(application),
        await checkSealing(application),
        await checkPartitions(application),
      ])),
    ];
  } catch (error) {
    if (error instanceof CommandRefused) return [...login, failure(error.message)];
    throw error;
  }
}
