import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { createTestDatabase } from '../support/database.ts';
import { type Entry, startAndWait } from './support.ts';

const NOBODY = '127.0.0.1:9';
const SOON_S = 12;
const temporal = process.env['TEST_TEMPORAL_ADDRESS'] ?? '';
const adminUrl = new URL(process.env['TEST_PG_ADMIN_URL'] ?? '');
const where = adminUrl.host;

let dataDir: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  dataDir = await scratchFolder('services-away');
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

function started(entry: Entry, services: Record<string, string>) {
  return startAndWait(entry, {
    DATA_DIR: dataDir,
    COUNTERSIGN_SECRET_KEY: randomBytes(32).toString('hex'),
    TEMPORAL_ADDRESS: temporal,
    SMTP_URL: `smtp://${NOBODY}`,
    PORT: '0',
    ...services,
  });
}

function expectSentence(ended: Awaited<ReturnType<typeof startAndWait>>, sentence: string) {
  const { exitCode, errors, complaints, seconds } = ended;
  expect({ exitCode, errors, complaints }).toEqual({ exitCode: 1, errors: sentence, complaints: [] });
  expect(seconds).toBeLessThan(SOON_S);
}

describe.each(['main', 'api', 'worker'] as const)('the start of %s without its database', (entry) => {
  test.each([
    [
      'refuses the connection',
      `postgres://x:y@${NOBODY}/db`,
      `The database at ${NOBODY} does not answer. Start it, or correct the URL.`,
    ],
    [
      'has no address',
      'postgres://x:y@nohost.invalid/db',
      'The database at nohost.invalid:5432 does not answer. Start it, or correct the URL.',
    ],
    [
      'refuses the login',
      `postgres://postgres:not-the-password@${where}/postgres`,
      `The database at ${where} refuses the login postgres. Check user and password in the URL.`,
    ],
    [
      'is not there',
      new URL('/nosuchdb', adminUrl).href,
      `There is no database nosuchdb at ${where}. Make it: \`create database nosuchdb\`.`,
    ],
  ])('ends with one sentence where it %s', async (_case, url, sentence) => {
    expectSentence(await started(entry, { DATABASE_URL: url }), sentence);
  });
});

describe.each(['main', 'api', 'worker'] as const)('the start of %s without Temporal', (entry) => {
  test('ends with one sentence where it does not answer', async () => {
    expectSentence(
      await started(entry, { DATABASE_URL: database.url, TEMPORAL_ADDRESS: NOBODY }),
      `Temporal does not answer at ${NOBODY}. Start it, or set TEMPORAL_ADDRESS (and TEMPORAL_TLS, TEMPORAL_API_KEY) to where it is.`,
    );
  });

  test('ends with one sentence where it has no such namespace', async () => {
    expectSentence(
      await started(entry, { DATABASE_URL: database.url, TEMPORAL_NAMESPACE: 'nowhere' }),
      `Temporal at ${temporal} has no namespace nowhere. Make it: \`temporal operator namespace create -n nowhere\`.`,
    );
  });
});
