import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { AuditApi, type Entry } from './support/audit-api.ts';
import { StatementCounter } from './support/statement-counter.ts';

let system: TestSystem;
let audit: AuditApi;
const keys: Record<string, string> = {};

/** Two teams, one of them below the other, and one beside them. */
beforeAll(async () => {
  system = await startTestSystem();
  audit = new AuditApi(system);
  await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  await system.need('POST', '/api/v1/teams', { id: 'lab', name: 'Lab', parent_team_id: 'research' });
  await system.need('POST', '/api/v1/teams', { id: 'sales', name: 'Sales' });
  keys['ada'] = await system.person('research', 'ada', ['auditor']);
  keys['max'] = await system.person('lab', 'max', ['member']);
  keys['sam'] = await system.person('sales', 'sam', ['member']);
  await system.need('PUT', '/api/v1/organization/members/olga', {
    name: 'Olga',
    email: 'olga@example.test',
    roles: ['auditor'],
  });
  keys['olga'] = (await system.need('POST', '/api/v1/api-keys', { user_id: 'olga' })).key;
  for (const [team, user] of [
    ['lab', 'max'],
    ['sales', 'sam'],
  ] as const) {
    await system.need(
      'POST',
      '/api/v1/approvals',
      {
        team_id: team,
        kind: 'generic',
        title: 'Asked',
        requester_id: user,
        chain: { stages: [{ approvers: [{ user_id: 'ada' }] }] },
      },
      keys[user],
    );
  }
});

afterAll(() => system?.stop());

const actions = (entries: readonly Entry[]) => entries.map(({ action }) => action);

describe('an entry', () => {
  test('says who did what to what, in ids as callers know them and in those that were signed, and where from', async () => {
    const [entry] = await audit.entries({ action: 'approval.created', actor: 'max' });
    expect(entry).toMatchObject({
      actor: {
        type: 'person',
        id: 'max',
        ref: expect.stringMatching(/^[0-9a-f-]{36}$/),
        key: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      on_behalf_of: null,
      on_behalf_of_ref: null,
      action: 'approval.created',
      resource: { type: 'approval' },
      outcome: 'success',
      team_id: 'lab',
      detail: { kind: 'generic', stages: 1 },
      source: { address: '127.0.0.1', user_agent: 'node' },
    });
    expect(entry?.resource.id).toBe(entry?.resource.ref);
    expect(entry?.request_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(entry?.at ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  test('about a person or a team has the id that callers chose', async () => {
    expect(
      (await audit.entries({ action: 'member.added', resource: 'sam' })).map(({ resource, team_id }) => ({
        resource,
        team_id,
      })),
    ).toEqual([{ resource: { type: 'person', id: 'sam', ref: expect.any(String) }, team_id: 'sales' }]);
    expect((await audit.entries({ action: 'team.made', resource: 'lab' })).map(({ resource }) => resource)).toEqual([
      { type: 'team', id: 'lab', ref: expect.any(String) },
    ]);
    const [made] = await audit.entries({ action: 'api_key.made', limit: '1' });
    expect(made).toMatchObject({
      on_behalf_of: 'olga',
      on_behalf_of_ref: expect.any(String),
      actor: { type: 'operator' },
    });
  });

  test('has its place in the log as soon as it is sealed, without gaps and in the order of the list', async () => {
    const seqs = (await audit.sealed()).map(({ seq }) => seq ?? -1);
    expect(seqs.toSorted((a, b) => a - b)).toEqual(seqs.map((_, index) => index));
    expect(seqs[0]).toBe(seqs.length - 1);
  });

  test('is there at once, before it is sealed', async () => {
    await system.stopWorker();
    const { id } = await system.need('POST', '/api/v1/teams', { name: 'Not sealed yet' });
    const [entry] = await audit.entries({ resource: id });
    expect(entry).toMatchObject({ action: 'team.made', seq: null, resource: { id } });
    await system.startWorker();
    await system.until(async () => (await audit.entries({ resource: id }))[0]?.seq, 'it is sealed');
  });
});

describe('the list', () => {
  test('is read newest first, page by page, and what comes in between neither repeats nor skips anything', async () => {
    const before = await audit.entries({ to: new Date().toISOString() });
    const seen: Entry[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page += 1) {
      const answer: { items: Entry[]; next_cursor: string | null } = await audit.need(
        'GET',
        `/entries?limit=3&cursor=${cursor}`,
      );
      expect(answer.items.length).toBeLessThanOrEqual(3);
      seen.push(...answer.items);
      cursor = answer.next_cursor;
      if (page === 1) await system.need('POST', '/api/v1/teams', { name: 'In between' });
    }
    expect(seen.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(seen.map(({ at }) => at)).toEqual(
      seen
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
  });

  test.each<[string, Record<string, string>, (entry: Entry) => boolean]>([
    ['a team', { team_id: 'sales' }, ({ team_id }) => team_id === 'sales'],
    ['a user', { actor: 'max' }, ({ actor }) => actor.id === 'max'],
    ['an action', { action: 'team.made' }, ({ action }) => action === 'team.made'],
    ['an outcome', { outcome: 'success' }, ({ outcome }) => outcome === 'success'],
    [
      'two of them',
      { team_id: 'research', action: 'member.added' },
      ({ team_id, action }) => team_id === 'research' && action === 'member.added',
    ],
  ])('can be limited to %s', async (_what, filter, fits) => {
    const found = await audit.entries(filter);
    expect(found.map(({ id }) => id)).toEqual((await audit.entries()).filter(fits).map(({ id }) => id));
    expect(found.length).toBeGreaterThan(0);
  });

  test('can be limited to whoever acted and what it was done to by internal ids', async () => {
    const [created] = await audit.entries({ action: 'approval.created', actor: 'max' });
    expect(await audit.entries({ actor: created?.actor.ref ?? '' })).toEqual(await audit.entries({ actor: 'max' }));
    expect(await audit.entries({ resource: created?.resource.ref ?? '' })).toContainEqual(created);
    expect(
      actions(await audit.entries({ resource: created?.resource.ref.toUpperCase() ?? '', action: 'approval.created' })),
    ).toEqual(['approval.created']);
  });

  test('can be limited to a time, whose end is not part of it', async () => {
    const all = await audit.entries();
    const [from, to] = [all.at(-3)!.at, all[2]!.at];
    expect((await audit.entries({ from, to })).map(({ id }) => id)).toEqual(
      all.filter(({ at }) => at >= from && at < to).map(({ id }) => id),
    );
  });

  test('is empty for what nobody did', async () => {
    const filters: Record<string, string>[] = [
      { actor: 'nobody' },
      { resource: 'nothing' },
      { action: 'no.such_action' },
      { actor: '0a000000-0000-7000-8000-00000000000a' },
    ];
    for (const filter of filters) expect(await audit.entries(filter)).toEqual([]);
  });

  test.each([
    ['limit=0', 'query.limit'],
    ['limit=201', 'query.limit'],
    ['cursor=bm9uZQ', 'query.cursor'],
    [
      `cursor=${Buffer.from(`999999999999999 ${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}`).toString('base64url')}`,
      'query.cursor',
    ],
    ['from=yesterday', 'query.from'],
    ['from=0000-01-01T00:00:00Z', 'query.from'],
    ['to=9999-12-31T23:59:59-14:00', 'query.to'],
    ['resource=%00', 'query.resource'],
    ['actor=a%00b', 'query.actor'],
    ['outcome=maybe', 'query.outcome'],
    ['action=Robert%27%29%3B', 'query.action'],
    ['unknown=1', 'query.unknown'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'query.to'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', 'query.to'],
  ])('refuses %s', async (query, path) => {
    expect(await audit.call('GET', `/entries?${query}`)).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ path }] },
    });
  });
});

describe('who may read', () => {
  test('auditors of a team see its entries and those of the teams below, and of nothing else', async () => {
    const seen = await new AuditApi(system, keys['ada']).entries();
    expect(new Set(seen.map(({ team_id }) => team_id))).toEqual(new Set(['research', 'lab']));
    const all = await audit.entries();
    expect(seen.map(({ id }) => id)).toEqual(
      all.filter(({ team_id }) => team_id === 'research' || team_id === 'lab').map(({ id }) => id),
    );
  });

  test('auditors of the organization see everything', async () => {
    expect((await new AuditApi(system, keys['olga']).entries()).map(({ id }) => id)).toEqual(
      (await audit.entries()).map(({ id }) => id),
    );
  });

  test('a service’s key with the scope sees its team, or everything where it is bound to none', async () => {
    const [everything, ofTeam] = await Promise.all([
      system.need('POST', '/api/v1/api-keys', { service_name: 'siem', scopes: ['audit:read'] }),
      system.need('POST', '/api/v1/api-keys', { service_name: 'siem', team_id: 'lab', scopes: ['audit:read'] }),
    ]);
    expect((await new AuditApi(system, everything.key).entries()).length).toBe((await audit.entries()).length);
    expect(new Set((await new AuditApi(system, ofTeam.key).entries()).map(({ team_id }) => team_id))).toEqual(
      new Set(['lab']),
    );
  });

  test('whoever asks for a team out of their sight is refused, and that is on record', async () => {
    const { status, headers } = await new AuditApi(system, keys['ada']).call('GET', '/entries?team_id=sales');
    expect(status).toBe(403);
    const [denied] = await audit.entries({ action: 'access.denied', actor: 'ada' });
    expect(denied).toMatchObject({
      outcome: 'denied',
      resource: { type: 'route', id: 'GET /api/v1/audit/entries' },
      request_id: headers.get('x-request-id'),
      detail: { problem: 'forbidden' },
    });
  });

  test.each(['max', 'sam'])('%s, who is no auditor, is refused', async (user) => {
    for (const path of [
      '/entries',
      '/entries/0/proof',
      '/checkpoint',
      '/consistency?first=0',
      '/public-key',
      '/exports',
      '/witnesses',
    ]) {
      expect({ path, status: (await new AuditApi(system, keys[user]).call('GET', path)).status }).toEqual({
        path,
        status: 403,
      });
    }
  });

  test('another organization has a log of its own', async () => {
    const { owner_key: other } = await system.need('POST', '/api/v1/organizations', { name: 'Other' });
    const theirs = await new AuditApi(system, other).entries();
    expect(actions(theirs).toSorted()).toEqual(['api_key.made', 'organization.made']);
    const ours = await audit.entries();
    for (const { id, resource } of ours) {
      expect(theirs.map((entry) => entry.id)).not.toContain(id);
      expect(await new AuditApi(system, other).entries({ resource: resource.ref })).toEqual([]);
    }
    for (const user of ['max', 'ada', 'olga'])
      expect(await new AuditApi(system, other).entries({ actor: user })).toEqual([]);
    expect(await new AuditApi(system, other).call('GET', '/entries?team_id=lab')).toMatchObject({ status: 404 });
  });
});

describe('reading', () => {
  test('takes as many statements for two hundred entries as for twenty', async () => {
    await system.stopWorker();
    const statements = await StatementCounter.on(system.core.database);
    const page = (limit: number) => audit.entries({ limit: String(limit) });
    await page(200);
    expect(await statements.during(() => page(200))).toBe(await statements.during(() => page(20)));
    await system.startWorker();
  });
});
