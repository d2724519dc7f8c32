import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Office } from './support/office.ts';
import { hiddenFields, takesDecision } from './support/visitor.ts';

let office: Office;

beforeEach(async () => {
  office = await Office.open({ req: ['member'], mia: ['manager'] });
});
afterEach(() => office.close());

test('without a worker a decision by a link is recorded, says so, and is carried out when the worker is back', async () => {
  const asked = await office.ask([['mia']]);
  const link = await office.linkOf('mia', asked);
  await office.system.stopWorker();
  const answer = await office.visitor().post(link, { decision: 'approve', comment: 'go ahead' });
  expect(answer.status).toBe(202);
  expect(answer.text).toContain('Your decision is recorded');
  expect(answer.text).toContain('has not been carried out yet');
  const meanwhile = await office.visitor().get(link);
  expect(meanwhile.text).toContain('Your decision is recorded');
  expect(takesDecision(meanwhile.source)).toBe(false);
  expect((await office.visitor().post(link, { decision: 'reject', comment: '' })).status).toBe(202);
  await office.system.startWorker();
  expect(await office.becomes(asked, 'approved')).toMatchObject({
    stages: [{ decisions: [{ user_id: 'mia', decision: 'approve', comment: 'go ahead' }] }],
  });
  expect((await office.visitor().get(link)).text).toContain('Name of mia approved this request');
});

test('without a worker the same holds for the inbox', async () => {
  const asked = await office.ask([['mia']]);
  const mia = await office.signedIn('mia');
  const path = `/inbox/approvals/${asked.id}`;
  const form = hiddenFields((await mia.get(path)).source);
  await office.system.stopWorker();
  expect((await mia.post(path, { ...form, decision: 'reject', comment: 'not now' })).status).toBe(202);
  expect((await mia.get(path)).text).toContain('Your decision is recorded');
  await office.system.startWorker();
  await office.becomes(asked, 'rejected');
});

test('without the database nothing is taken, the page says so, and the link works afterwards', async () => {
  const asked = await office.ask([['mia']]);
  const link = await office.linkOf('mia', asked);
  await office.system.stopWorker();
  const restore = await shutDatabase(office.system.databaseAdminUrl);
  try {
    for (const answer of [
      await office.visitor().get(link),
      await office.visitor().post(link, { decision: 'approve', comment: '' }),
      await office.visitor().get('/inbox', { cookie: `countersign-session=${'A'.repeat(43)}` }),
    ]) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(answer.text).toContain('Not available for the moment');
      expect(answer.text).not.toMatch(/database|postgres|ECONN/i);
    }
  } finally {
    await restore();
  }
  await office.system.startWorker();
  expect((await office.visitor().post(link, { decision: 'approve', comment: '' })).status).toBe(303);
});

/** Turns everybody away from this one database, as a server does that is shutting down. */
async function shutDatabase(adminUrl: string): Promise<() => Promise<void>> {
  const url = new URL(adminUrl);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const admin = new Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`alter database ${name} connection limit 0`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  return async () => {
    await admin.query(`alter database ${name} connection limit -1`);
    await admin.end();
  };
}
