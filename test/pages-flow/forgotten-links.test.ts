import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Client } from 'pg';
import { Housekeeping } from '../../src/platform/housekeeping.ts';
import { House, stage } from '../approvals/api/support/house.ts';

let house: House;
let admin: Client;

beforeAll(async () => {
  house = await House.open({ a: ['member'] });
  admin = new Client({ connectionString: house.system.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await house?.close();
});

/** Makes a request. @returns its id and the link that was mailed for it */
async function asked(title: string): Promise<{ id: string; link: string }> {
  const { id } = await house.ask([stage(['a'])], { title });
  const mail = await house.system.until(
    async () => (await house.system.mails('a@example.test')).find(({ subject }) => subject.includes(title)),
    'the approver is asked',
  );
  return { id, link: /http\S+\/r\/\S+/.exec(mail.text)?.[0] ?? '' };
}

async function statusOf(link: string): Promise<number> {
  return (await fetch(link)).status;
}

describe('a link in a mail', () => {
  test('shows the outcome for a year after its request was closed, and is then forgotten', async () => {
    const [open, recent, old] = [
      await asked('Still open'),
      await asked('Closed this year'),
      await asked('Closed long ago'),
    ];
    for (const { id } of [recent, old]) await house.decide(id, 'a');
    await admin.query(`update countersign.approvals set created_at = created_at - interval '2 years'`);
    await admin.query(`update countersign.approvals set decided_at = now() - interval '364 days' where id = $1`, [
      recent.id,
    ]);
    await admin.query(`update countersign.approvals set decided_at = now() - interval '367 days' where id = $1`, [
      old.id,
    ]);
    await new Housekeeping({ database: house.system.core.database, logger: pino({ level: 'silent' }) }).sweep();
    expect(await Promise.all([open, recent, old].map(({ link }) => statusOf(link)))).toEqual([200, 200, 404]);
    expect((await house.api.read(old.id)).state).toBe('approved');
    const { rows } = await admin.query(
      `select (select count(*)::int from countersign.approval_links) as links, (select count(*)::int from countersign.directory where kind = 'approval_link') as entries`,
    );
    expect(rows).toEqual([{ links: 2, entries: 2 }]);
  });
});
