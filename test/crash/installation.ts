import { randomBytes } from 'node:crypto';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { answersWell, startProductProcess, untilReady } from '../../bench/support/product-process.ts';
import { freePorts } from '../../bench/support/free-ports.ts';
import { openCore } from '../../bench/support/services.ts';
import { startSmtpSink } from '../../bench/support/smtp-sink.ts';
import { bootstrap } from '../../src/bootstrap.ts';
import { entities } from '../../src/entities.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { prepareDatabase } from '../../src/platform/embedded/prepare-database.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import type { ServerProcess } from '../../src/platform/embedded/process.ts';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { startEmbeddedTemporal } from '../../src/platform/embedded/temporal.ts';
import { MailLog } from './mail-log.ts';
import { ServiceVictim, SupervisedVictim } from './victim.ts';

/** The product and what it stands on, each in a process of its own that may be killed. */
export interface Installation {
  readonly victims: {
    readonly api: SupervisedVictim;
    readonly worker: SupervisedVictim;
    readonly temporal: ServiceVictim;
    readonly postgres: ServiceVictim;
  };
  readonly mails: MailLog;
  readonly baseUrl: string;
  readonly ownerKey: string;
  /** A superuser's. */
  readonly adminUrl: string;
  /** Resolves when requests are answered and, as far as that can be seen from outside, carried out. */
  untilUsable(): Promise<void>;
  /** The end of what API and worker have logged, for a report of a failure. */
  lastWords(): Promise<string>;
  stop(): Promise<void>;
}

const LAST_WORDS = 4_000;

/** Resolves when requests are answered and carried out. */
export async function startInstallation(progress: Progress): Promise<Installation> {
  const folder = await scratchFolder('crash');
  await chmod(folder, 0o711); // when we are root, the user that PostgreSQL runs as has to pass
  const running: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const stopOne of running.splice(0).toReversed()) await stopOne();
  };
  try {
    let adminUrl = '';
    const postgres = new ServiceVictim('postgres', async () => {
      const started = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), progress });
      adminUrl = sameAsBefore('PostgreSQL', adminUrl, started.adminUrl);
      return started;
    });
    let temporalAddress = '';
    const temporal = new ServiceVictim('temporal', async () => {
      const started = await startEmbeddedTemporal({ dataDir: folder, namespace: 'default', progress });
      temporalAddress = sameAsBefore('Temporal', temporalAddress, started.address);
      return started;
    });
    await Promise.all([postgres.start(), temporal.start()]);
    running.push(
      () => postgres.stop(),
      () => temporal.stop(),
    );

    const mails = new MailLog();
    const smtp = await startSmtpSink((raw) => mails.add(raw));
    running.push(() => smtp.stop());
    const { databaseUrl, migrationUrl } = await prepareDatabase(adminUrl);
    const [port] = await freePorts(1);
    const baseUrl = `http://127.0.0.1:${port}`;
    const ownerKey = `crash_${randomBytes(24).toString('hex')}`;
    const environment = {
      NODE_ENV: 'production',
      PORT: String(port),
      PUBLIC_URL: baseUrl,
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      SMTP_URL: smtp.url,
      COUNTERSIGN_SECRET_KEY: randomBytes(32).toString('hex'),
      RATE_LIMIT: '0',
      LOG_LEVEL: 'warn',
    };
    await migrate(migrationUrl, databaseUrl, entities);
    await makeFirstOrganization(environment, ownerKey);

    const launch = (entry: 'api' | 'worker') => (): Promise<ServerProcess> =>
      startProductProcess({ entry, folder, environment });
    const [api, worker] = [
      new SupervisedVictim('api', launch('api')),
      new SupervisedVictim('worker', launch('worker')),
    ];
    await Promise.all([api.start(), worker.start()]);
    running.push(
      () => api.stop(),
      () => worker.stop(),
    );
    const untilUsable = () =>
      untilReady({ running: () => true, output: () => lastWordsIn(folder) }, () => answersWell(`${baseUrl}/readyz`));
    await untilUsable();
    return {
      victims: { api, worker, temporal, postgres },
      mails,
      baseUrl,
      ownerKey,
      adminUrl: migrationUrl,
      untilUsable,
      lastWords: () => lastWordsIn(folder),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeFirstOrganization(environment: Readonly<Record<string, string>>, ownerKey: string): Promise<void> {
  const core = await openCore(environment);
  try {
    await bootstrap(core.work, ownerKey);
  } finally {
    await core.stop();
  }
}

/** What comes back at another address could not be found by those who were told the first one. */
function sameAsBefore(name: string, before: string, now: string): string {
  if (before !== '' && before !== now)
    throw new Error(`${name} came back at another address: somebody took its port meanwhile; run the test again`);
  return now;
}

async function lastWordsIn(folder: string): Promise<string> {
  const tails = await Promise.all(
    ['api', 'worker'].map(async (entry) => {
      const text = await readFile(join(folder, `${entry}.log`), 'utf8').catch(() => '');
      return `--- ${entry}\n${text.slice(-LAST_WORDS)}`;
    }),
  );
  return tails.join('\n');
}
