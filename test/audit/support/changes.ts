import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { cosignCheckpoint, parseCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { formatSignature, parseNote } from '../../../src/audit/notes/signed-note.ts';
import type { Asked, Office } from '../../pages-flow/support/office.ts';
import { alertsOf } from '../../budgets/support/alerts.ts';
import { Receiver } from '../../notify/support/receiver.ts';

/** How a route is called, as somebody who may. @returns the id of the request */
type Call = (office: Office) => Promise<string>;

/** A request that is open and asks `mia`. */
const open = (office: Office, more: Record<string, unknown> = {}): Promise<Asked> => office.ask([['mia']], more);

async function send(office: Office, method: string, path: string, body?: object, key?: string): Promise<string> {
  const { status, headers, body: answer } = await office.system.api(method, path, body, key);
  expect({ request: `${method} ${path}`, status, problem: status < 300 ? null : answer }).toEqual({
    request: `${method} ${path}`,
    status,
    problem: null,
  });
  return idOf(headers);
}

function idOf(headers: Headers): string {
  return headers.get('x-request-id') ?? '';
}

const member = { name: 'Nora', email: 'nora@example.test', roles: ['member'] };
const webhook = { url: 'http://127.0.0.1:9/hook', events: ['*'] };

const budget = { amount: { value: '1000', currency: 'USD' }, period: 'monthly' };

const usage = (office: Office) => ({
  id: randomBytes(8).toString('hex'),
  team_id: office.team,
  user_id: 'req',
  provider: 'openai',
  model: 'gpt-4o',
  input_tokens: 10,
  output_tokens: 1,
  occurred_at: new Date().toISOString(),
});

const teamAlerts = (office: Office) => alertsOf(office.system.core, office.team);

/** What can be done to a budget. */
function budgetChanges(route: string, path: (office: Office) => string): Record<string, Call> {
  const put: Call = (office) => send(office, 'PUT', path(office), budget);
  return {
    [`PUT ${route}`]: put,
    [`POST ${route}/overrides`]: async (office) => {
      await put(office);
      return send(office, 'POST', `${path(office)}/overrides`, {
        amount: { value: '1', currency: 'USD' },
        reason: 'A launch',
      });
    },
    [`DELETE ${route}`]: async (office) => {
      await put(office);
      return send(office, 'DELETE', path(office));
    },
  };
}

/** Holds money. @returns the reservation's id */
async function hold(office: Office): Promise<string> {
  return (await office.system.need('POST', '/api/v1/reservations', reservation(office))).id;
}

const reservation = (office: Office) => ({
  team_id: office.team,
  user_id: 'req',
  provider: 'openai',
  model: 'gpt-4o',
  amount: { value: '1', currency: 'USD' },
});

/**
 * Every route that is not for reading, and a call of it that succeeds. A route that is missing here fails the test: whoever
 * adds one shows here that the audit log tells of it.
 */
export const CHANGES: Readonly<Record<string, Call>> = {
  'POST /api/v1/organizations': (office) => send(office, 'POST', '/api/v1/organizations', { name: 'Another' }),
  'PUT /api/v1/organization/settings': (office) =>
    send(office, 'PUT', '/api/v1/organization/settings', { timezone: 'Europe/Berlin' }),
  'PUT /api/v1/organization/members/{user}': (office) =>
    send(office, 'PUT', '/api/v1/organization/members/nora', member),
  'DELETE /api/v1/organization/members/{user}': async (office) => {
    await send(office, 'PUT', '/api/v1/organization/members/otto', { ...member, email: 'otto@example.test' });
    return send(office, 'DELETE', '/api/v1/organization/members/otto');
  },
  'PUT /api/v1/calendars/{name}': (office) =>
    send(office, 'PUT', '/api/v1/calendars/office', {
      timezone: 'UTC',
      days: ['mon'],
      hours: { from: '09:00', to: '17:00' },
    }),
  'POST /api/v1/teams': (office) => send(office, 'POST', '/api/v1/teams', { name: 'Made by the test' }),
  'PUT /api/v1/teams/{team}/members/{user}': (office) =>
    send(office, 'PUT', `/api/v1/teams/${office.team}/members/paul`, { ...member, email: 'paul@example.test' }),
  'DELETE /api/v1/teams/{team}/members/{user}': async (office) => {
    await send(office, 'PUT', `/api/v1/teams/${office.team}/members/quinn`, { ...member, email: 'quinn@example.test' });
    return send(office, 'DELETE', `/api/v1/teams/${office.team}/members/quinn`);
  },
  'PUT /api/v1/teams/{team}/billing/settings': (office) =>
    send(office, 'PUT', `/api/v1/teams/${office.team}/billing/settings`, {
      approval_hierarchy: [{ role: 'manager', threshold: '0' }],
    }),
  'POST /api/v1/teams/{team}/analytics/export': (office) =>
    send(office, 'POST', `/api/v1/teams/${office.team}/analytics/export`, { format: 'csv' }),
  'POST /api/v1/organization/billing/export': (office) =>
    send(office, 'POST', '/api/v1/organization/billing/export', { format: 'focus' }),
  'PUT /api/v1/users/{user}/absence': (office) =>
    send(office, 'PUT', '/api/v1/users/max/absence', {
      from: '2040-01-01T00:00:00Z',
      until: '2040-02-01T00:00:00Z',
      delegate_user_id: 'req',
    }),
  'DELETE /api/v1/users/{user}/absence': async (office) => {
    await CHANGES['PUT /api/v1/users/{user}/absence']!(office);
    return send(office, 'DELETE', '/api/v1/users/max/absence');
  },
  'POST /api/v1/api-keys': (office) => send(office, 'POST', '/api/v1/api-keys', { service_name: 'ci' }),
  'DELETE /api/v1/api-keys/{id}': async (office) => {
    const { id } = await office.system.need('POST', '/api/v1/api-keys', { service_name: 'ci' });
    return send(office, 'DELETE', `/api/v1/api-keys/${id}`);
  },
  'POST /api/v1/webhooks': (office) => send(office, 'POST', '/api/v1/webhooks', webhook),
  'DELETE /api/v1/webhooks/{id}': async (office) => {
    const { id } = await office.system.need('POST', '/api/v1/webhooks', webhook);
    return send(office, 'DELETE', `/api/v1/webhooks/${id}`);
  },
  'POST /api/v1/webhooks/{id}/deliveries/{delivery}/replay': async (office) => {
    const receiver = new Receiver();
    await receiver.start();
    const { id } = await office.system.need('POST', '/api/v1/webhooks', { url: receiver.url, events: ['*'] });
    await open(office);
    const delivery = await office.system.until(
      async () => (await office.system.need('GET', `/api/v1/webhooks/${id}/deliveries`)).items[0],
      'a delivery',
    );
    const request = await send(office, 'POST', `/api/v1/webhooks/${id}/deliveries/${delivery.id}/replay`);
    await office.system.need('DELETE', `/api/v1/webhooks/${id}`);
    await receiver.stop();
    return request;
  },

  'POST /api/v1/audit/exports': (office) =>
    send(office, 'POST', '/api/v1/audit/exports', { from: '2026-01-01T00:00:00Z', to: new Date().toISOString() }),
  'PUT /api/v1/audit/streams/{name}': (office) =>
    send(office, 'PUT', '/api/v1/audit/streams/siem', { kind: 'syslog', host: '127.0.0.1', port: 9 }),
  'DELETE /api/v1/audit/streams/{name}': async (office) => {
    await CHANGES['PUT /api/v1/audit/streams/{name}']!(office);
    return send(office, 'DELETE', '/api/v1/audit/streams/siem');
  },
  'PUT /api/v1/audit/witnesses/{name}': (office) =>
    send(office, 'PUT', '/api/v1/audit/witnesses/auditor', {
      key: formatVerifierKey(signingKey('auditor.test', randomBytes(32), 'witness')),
    }),
  'DELETE /api/v1/audit/witnesses/{name}': async (office) => {
    await CHANGES['PUT /api/v1/audit/witnesses/{name}']!(office);
    return send(office, 'DELETE', '/api/v1/audit/witnesses/auditor');
  },

  'POST /api/v1/usage': (office) => send(office, 'POST', '/api/v1/usage', { events: [usage(office)] }),
  'PUT /api/v1/organization/rates/{provider}/{model}': (office) =>
    send(office, 'PUT', '/api/v1/organization/rates/in-house/small', {
      currency: 'USD',
      per_million: { input_tokens: '0.10', output_tokens: '0.20' },
    }),
  'PUT /api/v1/organization/exchange-rates/{from}/{to}': (office) =>
    send(office, 'PUT', '/api/v1/organization/exchange-rates/EUR/USD', { rate: '1.1' }),
  ...budgetChanges('/api/v1/organization/budgets/{name}', () => '/api/v1/organization/budgets/everything'),
  ...budgetChanges('/api/v1/teams/{team}/budgets/{name}', (office) => `/api/v1/teams/${office.team}/budgets/calls`),

  'POST /api/v1/teams/{team}/billing': async (office) => {
    const path = `/api/v1/teams/${office.team}`;
    await office.system.need('PUT', `${path}/budgets/seen`, {
      ...budget,
      amount: { value: '1', currency: 'USD' },
      scope: { model: 'seen' },
      exceeded_action: 'notify',
    });
    const event = { ...usage(office), model: 'seen', cost: { value: '1', currency: 'USD' } };
    await office.system.need('POST', '/api/v1/usage', { events: [event] });
    const [alert] = await office.system.until(async () => {
      const alerts = await teamAlerts(office);
      return alerts.length > 0 && alerts;
    }, 'an alert');
    return send(office, 'POST', `${path}/billing`, { action: 'acknowledge_alert', alert_id: alert!.id });
  },

  'POST /api/v1/organization/billing': async (office) => {
    await office.system.need('PUT', '/api/v1/organization/budgets/all-seen', {
      ...budget,
      amount: { value: '1', currency: 'USD' },
      scope: { model: 'all-seen' },
      exceeded_action: 'notify',
    });
    const event = { ...usage(office), model: 'all-seen', cost: { value: '1', currency: 'USD' } };
    await office.system.need('POST', '/api/v1/usage', { events: [event] });
    const [alert] = await office.system.until(async () => {
      const alerts = await alertsOf(office.system.core, null);
      return alerts.length > 0 && alerts;
    }, 'an alert of the organization');
    return send(office, 'POST', '/api/v1/organization/billing', { action: 'acknowledge_alert', alert_id: alert!.id });
  },

  'POST /api/v1/approvals': (office) =>
    send(office, 'POST', '/api/v1/approvals', {
      team_id: office.team,
      kind: 'generic',
      title: 'Asked',
      requester_id: 'req',
      chain: { stages: [{ approvers: [{ user_id: 'mia' }] }] },
    }),
  'POST /api/v1/approvals/{id}/decisions': async (office) =>
    send(
      office,
      'POST',
      `/api/v1/approvals/${(await open(office)).id}/decisions`,
      { decision: 'approve' },
      office.key('mia'),
    ),
  'POST /api/v1/approvals/{id}/withdraw': async (office) =>
    send(office, 'POST', `/api/v1/approvals/${(await open(office)).id}/withdraw`, {}),
  'POST /api/v1/approvals/{id}/resubmit': async (office) =>
    send(office, 'POST', `/api/v1/approvals/${(await open(office)).id}/resubmit`, { title: 'In other words' }),
  'POST /api/v1/approvals/{id}/reassign': async (office) =>
    send(office, 'POST', `/api/v1/approvals/${(await open(office)).id}/reassign`, {
      from_user_id: 'mia',
      to_user_id: 'max',
    }),
  'POST /api/v1/approvals/{id}/remind': async (office) =>
    send(office, 'POST', `/api/v1/approvals/${(await open(office)).id}/remind`),

  'POST /sign-in': async (office) =>
    idOf((await office.visitor().submit('/sign-in', { email: 'req@example.test' })).headers),
  'POST /sign-in/{token}': async (office) => {
    const visitor = office.visitor();
    await visitor.submit('/sign-in', { email: 'max@example.test' });
    return idOf((await visitor.submit(await office.signInLink('max@example.test'), {})).headers);
  },
  'POST /sign-out': async (office) => {
    const visitor = await office.signedIn('mia');
    const [, token = ''] = /name="csrf" value="([^"]*)"/.exec((await visitor.get('/inbox')).source) ?? [];
    return idOf((await visitor.post('/sign-out', { csrf: token })).headers);
  },
  'POST /inbox/approvals/{id}': async (office) => {
    const asked = await open(office);
    const visitor = await office.signedIn('mia', 2);
    return idOf((await visitor.submit(`/inbox/approvals/${asked.id}`, { decision: 'approve', comment: '' })).headers);
  },
  'POST /r/{token}': async (office) => {
    const asked = await open(office);
    return idOf(
      (await office.visitor().submit(await office.linkOf('mia', asked), { decision: 'approve', comment: '' })).headers,
    );
  },
};

/** Routes that are sent something and have no entry of their own: they change nothing, or what they change is its own record. */
export const HARMLESS: Readonly<Record<string, Call>> = {
  // It adds to the proof, as a checkpoint does: an entry for it would be a reason for the next one.
  'POST /api/v1/audit/cosignatures': async (office) => {
    const witness = signingKey('witness.test', randomBytes(32), 'witness');
    await office.system.need('PUT', '/api/v1/audit/witnesses/witness', { key: formatVerifierKey(witness) });
    const note = await office.system.need('GET', '/api/v1/audit/checkpoint');
    const cosignature = formatSignature(cosignCheckpoint(note, witness, new Date())).trimEnd();
    return send(office, 'POST', '/api/v1/audit/cosignatures', {
      tree_size: parseCheckpoint(parseNote(note).text).size,
      cosignature,
    });
  },
  'POST /api/v1/approvals/preview': (office) =>
    send(office, 'POST', '/api/v1/approvals/preview', {
      team_id: office.team,
      kind: 'generic',
      title: 'Asked',
      requester_id: 'req',
      chain: { stages: [{ approvers: [{ user_id: 'mia' }] }] },
    }),
};

/** Routes of which there are hundreds a second: an entry for each minute tells of them. */
export const DIGESTED: Readonly<Record<string, Call>> = {
  'POST /api/v1/reservations': (office) => send(office, 'POST', '/api/v1/reservations', reservation(office)),
  'POST /api/v1/reservations/{id}/release': async (office) =>
    send(office, 'POST', `/api/v1/reservations/${await hold(office)}/release`),
  'POST /api/v1/reservations/{id}/settle': async (office) =>
    send(office, 'POST', `/api/v1/reservations/${await hold(office)}/settle`, { event: usage(office) }),
};
