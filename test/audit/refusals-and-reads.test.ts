import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { Office } from '../pages-flow/support/office.ts';

interface Entry {
  readonly action: string;
  readonly actor_type: string;
  readonly actor_key: string | null;
  readonly resource: string;
  readonly outcome: string;
  readonly detail: object;
}

let office: Office;
let admin: Client;
let auditor: string;

beforeAll(async () => {
  office = await Office.open({ req: ['member'], mia: ['manager'], max: ['manager'], nobody: ['member'] });
  auditor = await office.system.person(office.team, 'aud', ['auditor']);
  admin = new Client({ connectionString: office.system.databaseAdminUrl });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await office?.close();
});

const COLUMNS = `action, actor_type, actor_key, resource_id as resource, outcome, leaf::jsonb -> 'detail' as detail`;

async function entriesOf(request: string | null): Promise<Entry[]> {
  return (
    await admin.query<Entry>(
      `select ${COLUMNS} from countersign.audit_entries where leaf::jsonb ->> 'request_id' = $1 order by at, id`,
      [request],
    )
  ).rows;
}

/** What an auditor of the team sees, newest first. */
async function deniedInTeam(): Promise<{ detail: object }[]> {
  const { items } = await office.system.need(
    'GET',
    `/api/v1/audit/entries?action=access.denied&team_id=${office.team}&limit=200`,
    undefined,
    auditor,
  );
  return items;
}

async function readsOf(approval: string): Promise<number> {
  const { rows } = await admin.query(
    `select from countersign.audit_entries where action = 'approval.reasons_read' and resource_id = $1`,
    [approval],
  );
  return rows.length;
}

/** A request that was decided, with a comment. */
async function decided(comment: string | null = 'Because I say so'): Promise<string> {
  const asked = await office.ask([['mia']]);
  await office.system.need(
    'POST',
    `/api/v1/approvals/${asked.id}/decisions`,
    { decision: 'approve', ...(comment ? { comment } : {}) },
    office.key('mia'),
  );
  return asked.id;
}

describe('a request that is denied', () => {
  test.each([
    ['for the scope that its key lacks', 'POST', '/api/v1/teams', { name: 'x' }, 'POST /api/v1/teams', 'forbidden'],
    [
      'for what its person may not do',
      'PUT',
      '/api/v1/calendars/holiday',
      { timezone: 'UTC', days: ['mon'], hours: { from: '09:00', to: '17:00' } },
      'PUT /api/v1/calendars/{name}',
      'forbidden',
    ],
  ])('%s is on record once, by its pattern and not by its address', async (_, method, path, body, route, problem) => {
    const answer = await office.system.api(method, path, body, office.key('nobody'));
    expect(answer.status).toBe(403);
    const entries = await entriesOf(answer.headers.get('x-request-id'));
    expect(entries).toEqual([
      {
        action: 'access.denied',
        actor_type: 'person',
        actor_key: expect.any(String),
        resource: route,
        outcome: 'denied',
        detail: { problem },
      },
    ]);
  });

  test('because somebody else is asked, or the requester is, is on record once', async () => {
    const asked = await office.ask([['mia']]);
    const stranger = await office.system.api(
      'POST',
      `/api/v1/approvals/${asked.id}/decisions`,
      { decision: 'approve' },
      office.key('max'),
    );
    const requester = await office.system.api(
      'POST',
      `/api/v1/approvals/${asked.id}/decisions`,
      { decision: 'approve' },
      office.key('req'),
    );
    for (const [answer, problem] of [
      [stranger, 'not-an-approver'],
      [requester, 'separation-of-duties'],
    ] as const) {
      expect({ status: answer.status, type: answer.body.type }).toEqual({ status: 403, type: `/problems/${problem}` });
      expect(await entriesOf(answer.headers.get('x-request-id'))).toMatchObject([
        {
          action: 'access.denied',
          resource: 'POST /api/v1/approvals/{id}/decisions',
          detail: { problem, object: 'approval', object_id: asked.id },
        },
      ]);
    }
  });

  test('is found by the team that it was about, whoever asked, and names what it was about', async () => {
    const asked = await office.ask([['mia']]);
    const before = await deniedInTeam();
    await office.system.api('GET', `/api/v1/approvals/${asked.id}`, undefined, office.key('nobody'));
    await office.system.api('GET', `/api/v1/teams/${office.team}/billing/settings`, undefined, office.key('nobody'));
    const { rows } = await admin.query<{ id: string }>(
      'select team_id as id from countersign.approvals where id = $1',
      [asked.id],
    );
    const added = (await deniedInTeam()).slice(0, -before.length || undefined);
    expect(added.map(({ detail }) => detail)).toEqual([
      { problem: 'forbidden', object: 'team', object_id: rows[0]!.id },
      { problem: 'forbidden', object: 'approval', object_id: asked.id },
    ]);
  });

  test('of somebody who is signed in is on record, by the page’s pattern', async () => {
    const asked = await office.ask([['mia']]);
    const visitor = await office.signedIn('nobody');
    const seen = await visitor.get(`/inbox/approvals/${asked.id}`);
    expect(seen.status).toBe(403);
    expect(await entriesOf(seen.headers.get('x-request-id'))).toMatchObject([
      {
        action: 'access.denied',
        actor_type: 'person',
        actor_key: null,
        resource: 'GET /inbox/approvals/{id}',
        detail: { problem: 'forbidden', object: 'approval', object_id: asked.id },
      },
    ]);
  });

  test('by a link whose person decided meanwhile elsewhere stays what it was: no denial', async () => {
    const asked = await office.ask([['mia']]);
    const link = await office.linkOf('mia', asked);
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/decisions`,
      { decision: 'approve' },
      office.key('mia'),
    );
    const seen = await office.visitor().post(link, { decision: 'reject', comment: '', revision: '1' });
    expect(seen.status).toBe(409);
    expect(
      (await entriesOf(seen.headers.get('x-request-id'))).filter(({ action }) => action === 'access.denied'),
    ).toEqual([]);
  });

  test('without a key, or with a wrong one, belongs to nobody and is on nobody’s record', async () => {
    for (const key of ['', 'cs_wrong']) {
      const answer = await office.system.api('GET', '/api/v1/teams', undefined, key);
      expect(answer.status).toBe(401);
      expect(await entriesOf(answer.headers.get('x-request-id'))).toEqual([]);
    }
  });

  test.each([
    [
      'revoked',
      async (id: string) => {
        await office.system.need('DELETE', `/api/v1/api-keys/${id}`);
      },
    ],
    [
      'expired',
      async (id: string) => {
        await admin.query(`update countersign.api_keys set expires_at = now() - interval '1 second' where id = $1`, [
          id,
        ]);
      },
    ],
  ] as const)('because its key was %s is on record with its organization, once an hour', async (because, kill) => {
    const { id, key } = await office.system.need('POST', '/api/v1/api-keys', {
      service_name: `old ${because}`,
      scopes: ['audit:read'],
    });
    await kill(id);
    for (const path of ['/api/v1/teams', '/api/v1/teams/none', '/api/v1/teams'])
      expect((await office.system.api('GET', path, undefined, key)).status).toBe(401);
    const { rows } = await admin.query<Entry>(
      `select ${COLUMNS} from countersign.audit_entries where actor_key = $1 and action = 'access.denied'`,
      [id],
    );
    expect(rows).toEqual([
      {
        action: 'access.denied',
        actor_type: 'service',
        actor_key: id,
        resource: 'GET /api/v1/teams',
        outcome: 'denied',
        detail: { problem: 'unauthenticated', key: because },
      },
    ]);
  });

  test('because it is malformed or names nothing is no denial', async () => {
    for (const [path, status] of [
      ['/api/v1/approvals/00000000-0000-7000-8000-000000000000', 404],
      ['/api/v1/approvals?limit=x', 400],
    ] as const) {
      const answer = await office.system.api('GET', path, undefined, auditor);
      expect(answer.status).toBe(status);
      expect(await entriesOf(answer.headers.get('x-request-id'))).toEqual([]);
    }
  });
});

describe('what approvers wrote', () => {
  test('is shown to an auditor with a word in the log, once an hour for each request', async () => {
    const approval = await decided();
    const first = await office.system.api('GET', `/api/v1/approvals/${approval}`, undefined, auditor);
    expect(first.body.stages[0].decisions[0].comment).toBe('Because I say so');
    expect(await entriesOf(first.headers.get('x-request-id'))).toMatchObject([
      { action: 'approval.reasons_read', actor_type: 'person', resource: approval, outcome: 'success' },
    ]);
    await office.system.need('GET', `/api/v1/approvals/${approval}`, undefined, auditor);
    await office.system.need('GET', `/api/v1/approvals/${approval}/timeline`, undefined, auditor);
    expect(await readsOf(approval)).toBe(1);
    await office.system.need('GET', `/api/v1/approvals/${approval}`, undefined, office.system.ownerKey);
    expect(await readsOf(approval)).toBe(2);
  });

  test('is on record where the timeline, a list or a page shows it, too', async () => {
    const [timeline, listed, shown] = [await decided(), await decided(), await decided()];
    await office.system.need('GET', `/api/v1/approvals/${timeline}/timeline`, undefined, auditor);
    expect(await readsOf(timeline)).toBe(1);
    const list = await office.system.api('GET', '/api/v1/approvals?limit=2', undefined, auditor);
    expect((await entriesOf(list.headers.get('x-request-id'))).map(({ resource }) => resource).toSorted()).toEqual(
      [listed, shown].toSorted(),
    );
    const page = await decided();
    const visitor = await office.signedIn('aud');
    expect((await visitor.get(`/inbox/approvals/${page}`)).text).toContain('Because I say so');
    expect(await readsOf(page)).toBe(1);
  });

  test('is shown to those whose request it is, or who are asked, without a word', async () => {
    const approval = await decided();
    for (const user of ['req', 'mia']) {
      await office.system.need('GET', `/api/v1/approvals/${approval}`, undefined, office.key(user));
      await office.system.need('GET', `/api/v1/approvals/${approval}/timeline`, undefined, office.key(user));
    }
    expect(await readsOf(approval)).toBe(0);
  });

  test('is nothing where nobody wrote anything, or nothing is shown', async () => {
    const silent = await decided(null);
    await office.system.need('GET', `/api/v1/approvals/${silent}`, undefined, auditor);
    expect(await readsOf(silent)).toBe(0);
    const approval = await decided();
    const { headers } = await office.system.api('GET', `/api/v1/approvals/${approval}`, undefined, office.key('mia'));
    const unchanged = await office.system.api('GET', `/api/v1/approvals/${approval}`, undefined, auditor, {
      'if-none-match': headers.get('etag') ?? '',
    });
    expect({ status: unchanged.status, reads: await readsOf(approval) }).toEqual({ status: 304, reads: 0 });
  });
});
