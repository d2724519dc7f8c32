import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startProduct } from '../../workflows/support/product.ts';
import { House, problem, stage } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({
    a: ['member'],
    b: ['member'],
    outsider: ['member'],
    viewer: ['viewer'],
    auditor: ['auditor'],
    money: ['finance'],
    lead: ['admin'],
  });
  await house.team('lab', { parent_team_id: 'research' });
  await house.team('elsewhere');
  await house.person('stranger', ['viewer', 'admin'], { team: 'elsewhere' });
  await house.person('lab-viewer', ['viewer'], { team: 'lab' });
  await house.personOfOrganization('chief', ['admin']);
});

afterAll(() => house?.close());

async function list(query: string, user?: string): Promise<string[]> {
  const { items } = await house.api.need('GET', `/api/v1/approvals${query}`, undefined, user && house.key(user));
  return items.map((item: { id: string }) => item.id);
}

describe('who sees a request', () => {
  test('is whoever it concerns, and whoever may see all requests of the team or one above', async () => {
    const { id } = await house.ask([stage(['a'])], { team_id: 'lab' });
    const expected: Record<string, number> = {
      asker: 200,
      a: 200,
      outsider: 403,
      b: 403,
      viewer: 200,
      auditor: 200,
      money: 200,
      lead: 200,
      chief: 200,
      'lab-viewer': 200,
      stranger: 403,
    };
    for (const [user, status] of Object.entries(expected)) {
      for (const path of ['', '/timeline']) {
        const answer = await house.api.call('GET', `/api/v1/approvals/${id}${path}`, undefined, house.key(user));
        expect({ user, path, status: answer.status }).toEqual({ user, path, status });
      }
      expect({ user, listed: (await list('?limit=200', user)).includes(id) }).toEqual({ user, listed: status === 200 });
    }
  });

  test('is the service that made it, and a service of the team; not one of another team', async () => {
    const key = async (more: Record<string, unknown>) =>
      (await house.api.need('POST', '/api/v1/api-keys', { service_name: 'robot', ...more })).key;
    const [maker, lab, research, elsewhere] = [
      await key({}),
      await key({ team_id: 'lab' }),
      await key({ team_id: 'research' }),
      await key({ team_id: 'elsewhere' }),
    ];
    const made = await house.api.need(
      'POST',
      '/api/v1/approvals',
      house.body([stage(['a'])], { team_id: 'lab' }),
      maker,
    );
    for (const [bearer, status] of [
      [maker, 200],
      [lab, 200],
      [research, 200],
      [elsewhere, 403],
    ] as const) {
      expect((await house.api.call('GET', `/api/v1/approvals/${made.id}`, undefined, bearer)).status).toBe(status);
      const { items } = await house.api.need('GET', '/api/v1/approvals?limit=200', undefined, bearer);
      expect(items.some((item: { id: string }) => item.id === made.id)).toBe(status === 200);
    }
    expect(
      (await house.api.call('POST', '/api/v1/approvals', house.body([stage(['a'])], { team_id: 'lab' }), elsewhere))
        .status,
    ).toBe(403);
  });

  test('keeps it in sight after they decided', async () => {
    const { id } = await house.ask([stage(['a', 'b'])]);
    await house.decide(id, 'a');
    for (const user of ['a', 'b'])
      expect((await house.api.call('GET', `/api/v1/approvals/${id}`, undefined, house.key(user))).status).toBe(200);
  });
});

describe('a list', () => {
  test('can be narrowed by state, team, requester and approver', async () => {
    const one = await house.ask([stage(['a', 'b'], { required: 2 })]);
    const two = await house.ask([stage(['a'])], { requester_id: 'outsider', team_id: 'lab' });
    await house.decide(one.id, 'a');
    await house.decide(two.id, 'a', 'reject');
    expect(await list('?state=rejected')).toContain(two.id);
    expect(await list('?state=rejected')).not.toContain(one.id);
    expect(await list('?team_id=lab&state=rejected')).toEqual([two.id]);
    expect(await list('?requester_id=outsider')).toEqual([two.id]);
    expect(await list('?requester_id=nobody')).toEqual([]);
    // What waits for somebody is no longer there once they have decided; what they were asked in is.
    expect(await list('?state=pending&approver_id=a')).not.toContain(one.id);
    expect(await list('?state=pending&approver_id=b')).toContain(one.id);
    expect(await list('?approver_id=a')).toEqual(expect.arrayContaining([one.id, two.id]));
  });

  test('comes newest first, in pages that neither repeat nor skip, whatever is added meanwhile', async () => {
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1)
      made.unshift((await house.ask([stage(['a'])], { requester_id: 'b' })).id);
    const seen: string[] = [];
    let path = '/api/v1/approvals?requester_id=b&limit=3';
    for (let pages = 0; ; pages += 1) {
      const { items, next_cursor } = await house.api.need('GET', path);
      expect(items.length).toBe(pages < 2 ? 3 : 1);
      seen.push(...items.map((item: { id: string }) => item.id));
      if (next_cursor === null) break;
      path = `/api/v1/approvals?requester_id=b&limit=3&cursor=${next_cursor}`;
      await house.ask([stage(['a'])], { requester_id: 'b' });
    }
    expect(seen).toEqual(made);
  });

  test.each([
    ['limit=0', 'query.limit'],
    ['limit=201', 'query.limit'],
    ['limit=x', 'query.limit'],
    ['cursor=bogus', 'query.cursor'],
    ['state=open', 'query.state'],
    ['colour=red', 'query.colour'],
    ['team_id=a%20b', 'query.team_id'],
  ])('refuses ?%s', async (query, path) => {
    expect(await house.api.call('GET', `/api/v1/approvals?${query}`)).toMatchObject({
      status: 400,
      body: { ...problem('invalid-request'), errors: [{ path }] },
    });
  });
});

describe('a version', () => {
  test('is named by an ETag that changes with every change', async () => {
    const { id } = await house.ask([stage(['a', 'b'], { required: 2 })]);
    const first = await house.api.call('GET', `/api/v1/approvals/${id}`);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"\d+"$/);
    const unchanged = await house.api.call('GET', `/api/v1/approvals/${id}`, undefined, undefined, {
      'if-none-match': tag,
    });
    expect({ status: unchanged.status, body: unchanged.body, tag: unchanged.headers.get('etag') }).toEqual({
      status: 304,
      body: null,
      tag,
    });
    const decided = await house.decide(id, 'a');
    const changed = await house.api.call('GET', `/api/v1/approvals/${id}`, undefined, undefined, {
      'if-none-match': tag,
    });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe(decided.headers.get('etag'));
    expect(changed.headers.get('etag')).not.toBe(tag);
  });
});

describe('waiting for a change', () => {
  async function timed<T>(work: Promise<T>): Promise<{ answer: T; ms: number }> {
    const began = performance.now();
    return { answer: await work, ms: performance.now() - began };
  }

  /** Waits at a process; resolves to its answer once somebody has decided. */
  async function waitWhile(baseUrl: string, id: string, decide: () => Promise<unknown>) {
    const { headers } = await house.api.call('GET', `/api/v1/approvals/${id}`);
    const waiting = timed(
      fetch(`${baseUrl}/api/v1/approvals/${id}?wait=PT20S`, {
        headers: { authorization: `Bearer ${house.system.ownerKey}`, 'if-none-match': headers.get('etag') ?? '' },
      }),
    );
    expect(await Promise.race([waiting, pause(300, 'waits')])).toBe('waits');
    const decided = performance.now();
    await decide();
    const { answer } = await waiting;
    return { answer, body: (await answer.json()) as { state: string }, afterMs: performance.now() - decided };
  }

  test('answers as soon as the state changes', async () => {
    const { id } = await house.ask([stage(['a'])]);
    const { answer, body, afterMs } = await waitWhile(house.system.baseUrl, id, () => house.decide(id, 'a'));
    expect({ status: answer.status, state: body.state }).toEqual({ status: 200, state: 'approved' });
    expect(afterMs).toBeLessThan(5_000);
  });

  test('answers also where another process made the change', async () => {
    const { surroundings, config } = house.system.core;
    const other = await startProduct({
      ...surroundings,
      ownerKey: house.system.ownerKey,
      environment: { TEMPORAL_TASK_QUEUE: config.temporal.taskQueue },
    });
    try {
      const { id } = await house.ask([stage(['a'])]);
      const { body, afterMs } = await waitWhile(other.api.baseUrl, id, () => house.decide(id, 'a', 'reject'));
      expect(body.state).toBe('rejected');
      expect(afterMs).toBeLessThan(5_000);
    } finally {
      await other.stop();
    }
  });

  test('answers at the end of the time where nothing has changed, and at once where all is over', async () => {
    const { id } = await house.ask([stage(['a'])]);
    const quiet = await timed(house.api.call('GET', `/api/v1/approvals/${id}?wait=PT1S`));
    expect(quiet.answer).toMatchObject({ status: 200, body: { state: 'pending' } });
    expect(quiet.ms).toBeGreaterThan(900);
    await house.decide(id, 'a');
    const over = await timed(house.api.call('GET', `/api/v1/approvals/${id}?wait=PT20S`));
    expect(over.answer).toMatchObject({ status: 200, body: { state: 'approved' } });
    expect(over.ms).toBeLessThan(5_000);
  });

  test.each(['5', 'PT0S', 'P2Y', 'soon'])('refuses ?wait=%s', async (wait) => {
    const { id } = await house.ask([stage(['a'])]);
    expect(await house.api.call('GET', `/api/v1/approvals/${id}?wait=${wait}`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'query.wait' }] },
    });
  });
});
