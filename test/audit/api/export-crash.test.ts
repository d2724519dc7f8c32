import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { newId } from '../../../src/platform/ids.ts';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { AuditApi } from './support/audit-api.ts';

const DOOMED_EXPORTER = fileURLToPath(new URL('./support/doomed-exporter.ts', import.meta.url));
/** Several megabytes: more than two pieces. */
const ENTRIES = 4_000;
/** Longer than Temporal waits for a worker that took a task and died. */
const RECOVERED_WITHIN_MS = 40_000;

let system: TestSystem;
let audit: AuditApi;
let admin: Client;
const children: ChildProcess[] = [];

beforeAll(async () => {
  system = await startTestSystem();
  audit = new AuditApi(system);
  admin = new Client({ connectionString: system.databaseAdminUrl });
  await admin.connect();
  for (let written = 0; written < ENTRIES; written += 500) {
    await system.core.work.write(
      {
        organization: DEFAULT_ORGANIZATION,
        actor: { type: 'system', id: null },
        requestId: null,
        source: { address: '203.0.113.9', userAgent: 'test' },
      },
      async (tx) => {
        for (let n = 0; n < 500; n += 1)
          tx.record({ action: 'team.made', resource: { type: 'team', id: newId() }, detail: { n } });
      },
    );
  }
  await system.until(
    async () => (await admin.query('select from countersign.audit_pending')).rowCount === 0,
    'everything is sealed',
  );
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await admin?.end();
  await system?.stop();
});

/** @returns its end */
async function startDoomed(diesAfterPiece: number | null): Promise<{ signal: Promise<NodeJS.Signals | null> }> {
  const { surroundings, config } = system.core;
  const child = spawn(process.execPath, ['--no-warnings', DOOMED_EXPORTER], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...(diesAfterPiece === null ? {} : { DIES_AFTER_PIECE: String(diesAfterPiece) }),
      DATABASE_URL: surroundings.databaseUrl,
      TEMPORAL_ADDRESS: surroundings.temporalAddress,
      SMTP_URL: surroundings.smtpUrl,
      COUNTERSIGN_SECRET_KEY: surroundings.secret,
      TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
      PUBLIC_URL: config.publicUrl,
    },
  });
  children.push(child);
  const signal = once(child, 'exit').then(([, name]: (NodeJS.Signals | null)[]) => name ?? null);
  await Promise.race([
    once(child.stdout, 'data'),
    signal.then(() => Promise.reject(new Error('the doomed worker ended before it was ready'))),
  ]);
  return { signal };
}

async function chunks(id: string): Promise<{ attempt: number; pieces: number }[]> {
  return (
    await admin.query<{ attempt: number; pieces: number }>(
      'select attempt, count(*)::int as pieces from countersign.audit_export_chunks where export_id = $1 group by 1 order by 1',
      [id],
    )
  ).rows;
}

describe('a worker that is killed while it makes a bundle', () => {
  test.each<[string, number | null, number]>([
    ['after its first piece', 0, 2],
    ['in the middle', 1, 2],
    ['when it is ready, before anybody hears of it', null, 1],
  ])(
    '%s: another one makes it, whole and once',
    async (_when, piece, attempts) => {
      await system.stopWorker();
      const { signal } = await startDoomed(piece);
      const { id } = await audit.need('POST', '/exports', {
        from: '2020-01-01T00:00:00Z',
        to: new Date().toISOString(),
      });
      expect(await signal).toBe('SIGKILL');
      if (piece !== null)
        expect(await audit.need('GET', `/exports/${id}`)).toMatchObject({
          state: 'preparing',
          progress: { of: expect.any(Number) },
        });
      await system.startWorker();
      const made = await audit.finished(id, RECOVERED_WITHIN_MS);
      expect(await chunks(id)).toEqual([{ attempt: attempts, pieces: expect.any(Number) }]);
      expect((await chunks(id))[0]!.pieces).toBeGreaterThan(2);

      const bundle = await audit.bundle(made);
      expect(createHash('sha256').update(bundle).digest('hex')).toBe(made.sha256);
      expect(await verifyBundle(Readable.from([bundle]), { key: await audit.publicKey() })).toMatchObject({
        verdict: 'valid',
        entries: made.entries,
      });
      expect(made.entries).toBeGreaterThan(ENTRIES);
      expect(
        (await audit.entries({ resource: id }))
          .map(({ action }) => action)
          .toReversed()
          .slice(0, 2),
      ).toEqual(['audit.export_requested', 'audit.export_made']);
      expect((await audit.entries({ resource: id, action: 'audit.export_made' })).length).toBe(1);
    },
    90_000,
  );
});
