import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { formatVerifierKey, signingKey } from '../../src/audit/notes/keys.ts';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { alertsOf } from '../budgets/support/alerts.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';
import { tablesOf } from './support/catalog.ts';
import {
  type DescribedOperation,
  exampleOf,
  fillPath,
  type OpenApi,
  operationsOf,
} from './support/openapi-requests.ts';

/** What organization A is called and has written, in words that nobody else uses. */
const MARK = 'aardvark';

/**
 * Operations that store something under a name of the caller's choice. With B's key they make B's own; they name no object
 * of A, even where A has one of that name.
 */
const STORES_UNDER_OWN_NAME = new Set([
  'PUT /api/v1/organization/members/{user}',
  'PUT /api/v1/calendars/{name}',
  'PUT /api/v1/audit/witnesses/{name}',
  'PUT /api/v1/audit/streams/{name}',
  'PUT /api/v1/organization/rates/{provider}/{model}',
  'PUT /api/v1/organization/exchange-rates/{from}/{to}',
  'PUT /api/v1/organization/budgets/{name}',
]);

/** Bodies of which the schema does not say all. */
const BODIES: Readonly<Record<string, object>> = {
  'PUT /api/v1/organization/rates/{provider}/{model}': { currency: 'USD', per_million: { input_tokens: '1' } },
  'POST /api/v1/approvals/{id}/reassign': { from_user_id: 'one', to_user_id: 'another' },
  'PUT /api/v1/organization/budgets/{name}': { amount: { value: '1', currency: 'USD' }, period: 'monthly' },
  'PUT /api/v1/calendars/{name}': { timezone: 'UTC', days: ['tue'], hours: { from: '08:00', to: '16:00' } },
  'PUT /api/v1/audit/streams/{name}': { kind: 'https', url: 'https://127.0.0.1:9/events' },
};

/** What has to be said in the address. */
const QUERIES: Readonly<Record<string, string>> = { 'GET /api/v1/audit/consistency': '?first=0' };

let system: TestSystem;
let document: OpenApi;
let keyOfB: string;
/** What A has, by resource and name of the path's parameter. */
let ofA: Record<string, Record<string, string>>;
/** An alert of A's. */
let alertOfA: string;

beforeAll(async () => {
  system = await startTestSystem();
  document = (await system.api('GET', '/openapi.json')).body;
  keyOfB = (await system.need('POST', '/api/v1/organizations', { name: 'Organization B' })).owner_key;
  await system.need('POST', '/api/v1/teams', { id: `${MARK}-team`, name: `${MARK} team` });
  const asker = await system.person(`${MARK}-team`, `${MARK}-asker`, ['member']);
  await system.person(`${MARK}-team`, `${MARK}-approver`, ['manager']);
  await system.need('PUT', `/api/v1/organization/members/${MARK}-admin`, {
    name: `${MARK} admin`,
    email: `${MARK}@admin.test`,
    roles: ['admin'],
  });
  await system.need('PUT', `/api/v1/calendars/${MARK}`, {
    timezone: 'UTC',
    days: ['mon'],
    hours: { from: '09:00', to: '17:00' },
  });
  await system.need('PUT', `/api/v1/users/${MARK}-approver/absence`, {
    from: '2030-01-01T00:00:00Z',
    until: '2030-02-01T00:00:00Z',
    delegate_user_id: `${MARK}-asker`,
  });
  await system.need('PUT', `/api/v1/teams/${MARK}-team/budgets/${MARK}`, {
    amount: { value: '100', currency: 'USD' },
    period: 'monthly',
  });
  await system.need('PUT', `/api/v1/organization/budgets/${MARK}`, {
    amount: { value: '100', currency: 'USD' },
    period: 'monthly',
  });
  await system.need('POST', '/api/v1/reservations', {
    id: `${MARK}-call`,
    team_id: `${MARK}-team`,
    user_id: `${MARK}-asker`,
    amount: { value: '1', currency: 'USD' },
    ttl: 'P1D',
  });
  alertOfA = await alertOf(`${MARK}-team`, `${MARK}-asker`);
  await system.need('PUT', `/api/v1/organization/rates/${MARK}/${MARK}`, {
    currency: 'USD',
    per_million: { input_tokens: '1' },
  });
  await system.need('PUT', '/api/v1/organization/exchange-rates/USD/EUR', { rate: '0.9' });
  const webhook = await system.need('POST', '/api/v1/webhooks', { url: `http://127.0.0.1:9/${MARK}`, events: ['*'] });
  const approval = await system.need(
    'POST',
    '/api/v1/approvals',
    {
      team_id: `${MARK}-team`,
      kind: 'spend',
      title: `${MARK} title`,
      requester_id: `${MARK}-asker`,
      chain: { stages: [{ approvers: [{ user_id: `${MARK}-approver` }] }] },
    },
    asker,
  );
  const key = await system.need('POST', '/api/v1/api-keys', { service_name: `${MARK} service` });
  await system.need('PUT', `/api/v1/audit/witnesses/${MARK}`, {
    key: formatVerifierKey(signingKey(`${MARK}.test`, randomBytes(32), 'witness')),
  });
  await system.need('PUT', `/api/v1/audit/streams/${MARK}`, { kind: 'https', url: `https://127.0.0.1:9/${MARK}` });
  const bundle = await system.need('POST', '/api/v1/audit/exports', {
    from: '2020-01-01T00:00:00Z',
    to: new Date().toISOString(),
  });
  await system.until(
    async () => (await system.need('GET', `/api/v1/audit/exports/${bundle.id}`)).state === 'ready',
    'a bundle',
  );
  await system.until(
    async () => (await system.api('GET', '/api/v1/audit/checkpoint', undefined, keyOfB)).status === 200,
    'the log of B is sealed',
  );
  const { items: entries } = await system.need('GET', '/api/v1/audit/entries');
  const seq = Math.max(...entries.map((entry: { seq: number | null }) => entry.seq ?? 0));
  const delivery = await system.until(
    async () => (await system.need('GET', `/api/v1/webhooks/${webhook.id}/deliveries`)).items[0],
    'a webhook delivery',
  );
  // From here on nothing changes by itself: retries of mails and webhooks do.
  await system.stopWorker();
  ofA = {
    teams: { team: `${MARK}-team`, user: `${MARK}-approver`, name: MARK },
    users: { user: `${MARK}-approver` },
    organization: { provider: MARK, model: MARK, from: 'USD', to: 'EUR', user: `${MARK}-admin`, name: MARK },
    reservations: { id: `${MARK}-call` },
    'api-keys': { id: key.id },
    approvals: { id: approval.id },
    calendars: { name: MARK },
    audit: { seq: String(seq), id: bundle.id, name: MARK },
    webhooks: { id: webhook.id, delivery: delivery.id },
  };
});

afterAll(() => system?.stop());

/** Uses a budget of the team up. @returns the id of the alert */
async function alertOf(team: string, user: string): Promise<string> {
  const amount = { value: '1', currency: 'USD' };
  await system.need('PUT', `/api/v1/teams/${team}/budgets/${MARK}-small`, {
    amount,
    period: 'monthly',
    exceeded_action: 'notify',
  });
  const call = { id: MARK, team_id: team, user_id: user, provider: MARK, model: MARK, cost: amount };
  await system.need('POST', '/api/v1/usage', {
    events: [{ ...call, input_tokens: 1, output_tokens: 1, occurred_at: new Date().toISOString() }],
  });
  return system.until(async () => (await alertsOf(system.core, team))[0]?.id, 'an alert');
}

function nameOf({ method, path }: DescribedOperation): string {
  return `${method} ${path}`;
}

function addressOf(operation: DescribedOperation): string {
  const { path } = operation;
  return fillPath(path, ofA[path.split('/')[3] ?? ''] ?? {}) + (QUERIES[nameOf(operation)] ?? '');
}

function send(operation: DescribedOperation, key: string | undefined) {
  const acknowledgement = { action: 'acknowledge_alert', alert_id: alertOfA };
  const bodies: Readonly<Record<string, object>> = {
    ...BODIES,
    'POST /api/v1/teams/{team}/billing': acknowledgement,
    'POST /api/v1/organization/billing': acknowledgement,
  };
  const body = bodies[nameOf(operation)] ?? (operation.body ? exampleOf(operation.body, document) : undefined);
  return system.api(operation.method, addressOf(operation), body, key);
}

/** Every row of every table that belongs to A, less what merely says that somebody tried. */
async function everythingOfA(): Promise<string> {
  const client = new Client({ connectionString: system.databaseAdminUrl });
  await client.connect();
  try {
    const parts: string[] = [];
    for (const table of (await tablesOf(client)).filter(({ columns }) =>
      columns.some((column) => column.name === 'organization_id'),
    )) {
      const { rows } = await client.query(
        `select md5(string_agg(t::text, '\n' order by t::text)) as digest from ${table.name} t where organization_id = $1`,
        [DEFAULT_ORGANIZATION],
      );
      parts.push(`${table.name} ${rows[0].digest}`);
    }
    return parts.join('\n');
  } finally {
    await client.end();
  }
}

/** Waits until what the last requests left to be written is written. */
async function settled(): Promise<string> {
  let before = '';
  return system.until(async () => {
    const now = await everythingOfA();
    const same = now === before;
    before = now;
    return same && now;
  }, 'nothing changes any more');
}

describe('with a key of organization B', () => {
  test('whatever names an object of organization A is not found, and A is as it was', async () => {
    const operations = operationsOf(document).filter(
      (operation) => operation.pathParameters.length > 0 && !STORES_UNDER_OWN_NAME.has(nameOf(operation)),
    );
    expect(operations.length).toBeGreaterThan(15);
    const before = await settled();
    for (const operation of operations) {
      const { status, body } = await send(operation, keyOfB);
      expect({ operation: nameOf(operation), status, type: body?.type }).toEqual({
        operation: nameOf(operation),
        status: 404,
        type: '/problems/not-found',
      });
      expect(JSON.stringify(body)).not.toContain(MARK);
    }
    expect(await everythingOfA()).toBe(before);
  });

  test('what stores something under a name that A uses too makes B’s own', async () => {
    const before = await settled();
    for (const operation of operationsOf(document).filter((candidate) =>
      STORES_UNDER_OWN_NAME.has(nameOf(candidate)),
    )) {
      const { status } = await send(operation, keyOfB);
      expect({ operation: nameOf(operation), status: status < 300 }).toEqual({
        operation: nameOf(operation),
        status: true,
      });
    }
    expect(await everythingOfA()).toBe(before);
  });

  test('no list and no setting tells anything of A', async () => {
    for (const operation of operationsOf(document).filter(
      ({ method, pathParameters }) => method === 'GET' && pathParameters.length === 0,
    )) {
      const { status, body } = await send(operation, keyOfB);
      expect({ operation: nameOf(operation), status }).toEqual({ operation: nameOf(operation), status: 200 });
      expect(JSON.stringify(body).replaceAll(new RegExp(`"(${MARK}|${MARK}-admin)"`, 'g'), '')).not.toContain(MARK);
    }
  });

  test.each([
    ['POST', '/api/v1/approvals', 404, { team_id: `${MARK}-team` }],
    ['POST', '/api/v1/approvals/preview', 404, { team_id: `${MARK}-team` }],
    ['POST', '/api/v1/teams', 404, { parent_team_id: `${MARK}-team` }],
    ['POST', '/api/v1/api-keys', 404, { user_id: `${MARK}-approver` }],
    ['POST', '/api/v1/api-keys', 404, { service_name: 'x', user_id: undefined, team_id: `${MARK}-team` }],
  ])('%s %s with a name of A in its body is answered %i', async (method, path, expected, named) => {
    const schema =
      operationsOf(document).find((operation) => operation.method === method && operation.path === path)?.body ?? {};
    const example = exampleOf(schema, document);
    const before = await settled();
    const { status, body } = await system.api(
      method,
      path,
      { ...(typeof example === 'object' ? example : {}), ...named },
      keyOfB,
    );
    expect({ status, problem: body.type.startsWith('/problems/') }).toEqual({ status: expected, problem: true });
    expect(await everythingOfA()).toBe(before);
  });

  test('a filter by a name of A finds nothing', async () => {
    expect(await system.api('GET', `/api/v1/approvals?team_id=${MARK}-team`, undefined, keyOfB)).toMatchObject({
      status: 404,
    });
    for (const filter of ['requester_id', 'approver_id']) {
      expect(await system.api('GET', `/api/v1/approvals?${filter}=${MARK}-approver`, undefined, keyOfB)).toMatchObject({
        status: 200,
        body: { items: [] },
      });
    }
  });
});

describe('with a key of organization A', () => {
  // Without this, a mistake in an address would look like isolation.
  test('the same requests find what they name', async () => {
    await system.startWorker();
    const order = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
    const operations = operationsOf(document)
      .filter((operation) => operation.pathParameters.length > 0)
      .toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method));
    for (const operation of operations) {
      const { status, body } = await send(operation, undefined);
      // With `errors`, it is something that the body names which was not found.
      const found = status < 500 && (status !== 404 || body.errors !== undefined);
      expect({ operation: nameOf(operation), found }).toEqual({
        operation: nameOf(operation),
        found: true,
      });
    }
  });
});
