import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Receiver } from '../notify/support/receiver.ts';
import { alertsOf } from './support/alerts.ts';
import { Purse } from './support/purse.ts';

let purse: Purse;
let receiver: Receiver;

beforeAll(async () => {
  receiver = new Receiver();
  await receiver.start();
  purse = await Purse.open({ worker: true });
  await purse.api.need('POST', '/api/v1/webhooks', { url: receiver.url, events: ['budget.exceeded'] });
  await purse.team('other');
  await purse.budget('vision', 'main', '10', { exceeded_action: 'notify' });
  await purse.spend('one', '10');
  await purse.system.until(async () => (await alertsOf(purse.system.core, 'vision')).length === 1, 'an alert', 30_000);
});

afterAll(async () => {
  await purse?.close();
  await receiver?.stop();
});

function acknowledge(team: string, alert: string, user: string) {
  return purse.api.call(
    'POST',
    `/api/v1/teams/${team}/billing`,
    { action: 'acknowledge_alert', alert_id: alert },
    purse.key(user),
  );
}

describe('an alert', () => {
  test('stands in the bill of its team until it is acknowledged', async () => {
    const shown = async () =>
      (await purse.api.need('GET', '/api/v1/teams/vision/billing')).budget_alerts.current_alerts as unknown[];
    expect(await shown()).toEqual(await alertsOf(purse.system.core, 'vision'));
    expect(await shown()).toHaveLength(1);
  });

  test('is acknowledged by finance, once, and leaves the current ones', async () => {
    const [alert] = await alertsOf(purse.system.core, 'vision');
    expect((await acknowledge('vision', alert!.id, 'eye')).status).toBe(403);
    expect((await acknowledge('vision', alert!.id, 'ann')).status).toBe(403);
    const first = await acknowledge('vision', alert!.id, 'fin');
    expect(first).toMatchObject({ status: 200, body: { ...alert, acknowledged_at: expect.any(String) } });
    expect(await acknowledge('vision', alert!.id, 'fin')).toMatchObject({ status: 200, body: first.body });
    expect(await alertsOf(purse.system.core, 'vision')).toEqual([]);
    const { items } = await purse.api.need('GET', '/api/v1/audit/entries?action=budget.alert_acknowledged');
    expect(items).toHaveLength(1);
  });

  test('is found by its own team only', async () => {
    const { body } = await purse.api.call('POST', '/api/v1/teams/other/billing', {
      action: 'acknowledge_alert',
      alert_id: '00000000-0000-7000-8000-000000000000',
    });
    expect(body).toMatchObject({ type: '/problems/not-found' });
    for (const path of ['/api/v1/teams/other/billing', '/api/v1/organization/billing'])
      expect(
        await purse.api.call('POST', path, { action: 'acknowledge_alert', alert_id: 'does-not-exist' }),
      ).toMatchObject({ status: 404, body: { type: '/problems/not-found' } });
    await purse.budget('vision', 'second', '5', { exceeded_action: 'notify' });
    const alert = await purse.system.until(
      async () => (await alertsOf(purse.system.core, 'vision')).find(({ budget }) => budget === 'second'),
      'another alert',
      30_000,
    );
    for (const team of ['other', 'lab'])
      expect(
        await purse.api.call('POST', `/api/v1/teams/${team}/billing`, {
          action: 'acknowledge_alert',
          alert_id: alert.id,
        }),
      ).toMatchObject({ status: 404 });
    const { owner_key: stranger } = await purse.api.need('POST', '/api/v1/organizations', { name: 'Strangers' });
    await purse.api.need('POST', '/api/v1/teams', { id: 'vision', name: 'Vision of strangers' }, stranger);
    expect(
      await purse.api.call(
        'POST',
        '/api/v1/teams/vision/billing',
        { action: 'acknowledge_alert', alert_id: alert.id },
        stranger,
      ),
    ).toMatchObject({ status: 404 });
    expect(await alertsOf(purse.system.core, 'vision')).toContainEqual(alert);
  });

  test('is told to webhooks with the budget it is about', async () => {
    await receiver.received.count(1);
    expect(JSON.parse(receiver.received.items[0]!.body)).toMatchObject({
      type: 'budget.exceeded',
      data: {
        budget: { name: 'main', team_id: 'vision', settled: { value: '10.00', currency: 'USD' } },
        alert: { type: 'budget_exceeded', budget: 'main', current_value: 100 },
      },
    });
  });
});

describe('an alert of the organization’s budget', () => {
  const shown = async (key?: string) => purse.api.call('GET', '/api/v1/organization/alerts', undefined, key);
  const acknowledgeThere = (alert: string, key?: string) =>
    purse.api.call('POST', '/api/v1/organization/billing', { action: 'acknowledge_alert', alert_id: alert }, key);

  test('is listed and acknowledged by its own people, and is no team’s', async () => {
    await purse.budget(null, 'everything', '5', { exceeded_action: 'notify' });
    const [alert] = await purse.system.until(
      async () => {
        const { current_alerts: alerts } = (await shown()).body;
        return alerts.length > 0 && alerts;
      },
      'an alert',
      30_000,
    );
    expect(alert).toMatchObject({ type: 'budget_exceeded', budget: 'everything' });
    expect((await shown(purse.key('fin'))).status).toBe(403);
    expect((await acknowledgeThere(alert.id, purse.key('fin'))).status).toBe(403);
    expect((await acknowledge('vision', alert.id, 'fin')).status).toBe(404);
    const first = await acknowledgeThere(alert.id);
    expect(first).toMatchObject({ status: 200, body: { ...alert, acknowledged_at: expect.any(String) } });
    expect(await acknowledgeThere(alert.id)).toMatchObject({ status: 200, body: first.body });
    expect((await shown()).body).toEqual({ current_alerts: [] });
  });

  test('is the only kind that is found there', async () => {
    await purse.budget('vision', 'of-a-team', '5', { exceeded_action: 'notify' });
    const alert = await purse.system.until(
      async () => (await alertsOf(purse.system.core, 'vision')).find(({ budget }) => budget === 'of-a-team'),
      'an alert',
      30_000,
    );
    expect((await acknowledgeThere(alert.id)).status).toBe(404);
  });
});
