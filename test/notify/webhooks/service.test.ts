import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Notifier } from '../../../src/platform/database/notifier.ts';
import { newId } from '../../../src/platform/ids.ts';
import { AddressGuard } from '../../../src/notify/webhooks/address.ts';
import { WebhookService } from '../../../src/notify/webhooks/service.ts';
import { Watched } from '../support/watched.ts';
import { ownerOf, WebhookWorld } from '../support/webhook-world.ts';
import { originOf, World } from '../support/world.ts';

const URL_OK = 'http://127.0.0.1:9/hook';
let world: World;
let webhooks: WebhookWorld;
let organization: string;

beforeAll(async () => {
  world = await World.open();
  webhooks = new WebhookWorld(world);
});

beforeEach(async () => {
  organization = await world.organization();
});

afterAll(async () => {
  await webhooks.guard.close();
  await world.close();
});

async function deliveriesIn(state: string): Promise<number> {
  const { rows } = await world.admin.query<{ count: string }>(
    'select count(*) from countersign.webhook_deliveries where organization_id = $1 and state = $2',
    [organization, state],
  );
  return Number(rows[0]?.count);
}

describe('making a webhook', () => {
  test('gives a secret once, which no list repeats, and an audit entry without the address', async () => {
    const { id, secret } = await webhooks.make(organization, URL_OK, ['approval.decided']);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const { items } = await webhooks.service.list(ownerOf(organization), { limit: 10 });
    expect(items.map(({ row, url }) => ({ id: row.id, url, events: row.events }))).toEqual([
      { id, url: URL_OK, events: ['approval.decided'] },
    ]);
    expect(JSON.stringify(items)).not.toContain(secret);
    const { rows } = await world.admin.query(
      `select action, leaf::jsonb -> 'detail' as detail from countersign.audit_entries where organization_id = $1`,
      [organization],
    );
    expect(rows).toEqual([{ action: 'webhook.created', detail: { events: ['approval.decided'] } }]);
  });

  test('twice under one operation id makes one, with one secret', async () => {
    const wanted = { id: newId(), url: URL_OK, events: ['*'] };
    const first = await webhooks.service.make(ownerOf(organization), originOf(organization), wanted, false);
    const second = await webhooks.service.make(ownerOf(organization), originOf(organization), wanted, true);
    expect(second.secret).toBe(first.secret);
    expect((await webhooks.service.list(ownerOf(organization), { limit: 10 })).items).toHaveLength(1);
  });

  test.each([
    'http://10.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
    'ftp://example.com/',
    'nonsense',
    'https://user:secret@93.184.215.14/',
    'https://user@93.184.215.14/',
  ])('at %s is refused at the field url, and nothing is made', async (url) => {
    const guard = new AddressGuard({ allowPrivate: false });
    const strict = new WebhookService(world.work, guard);
    await expect(
      strict.make(ownerOf(organization), originOf(organization), { id: newId(), url, events: ['*'] }, false),
    ).rejects.toMatchObject({ code: 'invalid-request', extension: { errors: [{ path: 'url' }] } });
    expect((await webhooks.service.list(ownerOf(organization), { limit: 10 })).items).toEqual([]);
    await guard.close();
  });

  test('whose host cannot be resolved at the moment is taken: what is sent is tried again', async () => {
    const guard = new AddressGuard({ allowPrivate: false });
    const strict = new WebhookService(world.work, guard);
    const wanted = { id: newId(), url: 'https://surely-there-is-no-such-host.invalid/', events: ['*'] };
    await strict.make(ownerOf(organization), originOf(organization), wanted, false);
    expect((await strict.read(ownerOf(organization), wanted.id)).url).toBe(wanted.url);
    await guard.close();
  });

  test('with a login in its address is refused, and the reason is said', async () => {
    const wanted = { id: newId(), url: 'https://user:secret@93.184.215.14/', events: ['*'] };
    await expect(
      webhooks.service.make(ownerOf(organization), originOf(organization), wanted, false),
    ).rejects.toMatchObject({
      extension: { errors: [{ path: 'url', message: expect.stringContaining('user or password') }] },
    });
  });

  test('is limited: every event is written once for each', async () => {
    for (let made = 0; made < 50; made += 1) await webhooks.make(organization, URL_OK);
    await expect(webhooks.make(organization, URL_OK)).rejects.toMatchObject({ code: 'invalid-request' });
  });

  test('takes an admin of the whole organization', async () => {
    const team = { ...ownerOf(organization), kind: 'service' as const, team: newId() };
    await expect(
      webhooks.service.make(team, originOf(organization), { id: newId(), url: URL_OK, events: ['*'] }, false),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(webhooks.service.list(team, { limit: 10 })).rejects.toMatchObject({ code: 'forbidden' });
    const member = {
      ...ownerOf(organization),
      kind: 'person' as const,
      memberships: [{ team: organization, roles: ['member'] }],
    };
    await expect(webhooks.service.list(member, { limit: 10 })).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('another organization', () => {
  test('finds none of it', async () => {
    const { id } = await webhooks.make(organization, URL_OK);
    await webhooks.publish(organization);
    const [delivery] = (await webhooks.deliveries(organization, id)).items;
    const stranger = await world.organization();
    const [caller, origin] = [ownerOf(stranger), originOf(stranger)];
    const notFound = { code: 'not-found' };
    await expect(webhooks.service.deliveries(caller, id, { limit: 10 })).rejects.toMatchObject(notFound);
    await expect(webhooks.service.read(caller, id)).rejects.toMatchObject(notFound);
    await expect(webhooks.service.delete(caller, origin, id)).rejects.toMatchObject(notFound);
    await expect(
      webhooks.service.replay(
        caller,
        origin,
        { webhook: id, delivery: delivery!.id },
        { id: newId(), repeated: false },
      ),
    ).rejects.toMatchObject(notFound);
    expect((await webhooks.service.list(caller, { limit: 10 })).items).toEqual([]);
    const own = await webhooks.make(stranger, URL_OK);
    await expect(
      webhooks.service.replay(
        caller,
        origin,
        { webhook: own.id, delivery: delivery!.id },
        { id: newId(), repeated: false },
      ),
    ).rejects.toMatchObject(notFound);
  });
});

describe('the log of deliveries', () => {
  test('is read newest first, page by page, each once', async () => {
    const { id } = await webhooks.make(organization, URL_OK);
    for (let i = 0; i < 7; i += 1) await webhooks.publish(organization, {}, {}, {});
    const seen: string[] = [];
    const times: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await webhooks.deliveries(organization, id, { limit: 4, cursor });
      seen.push(...page.items.map((item) => item.id));
      times.push(...page.items.map((item) => item.createdAt.getTime()));
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    expect(new Set(seen).size).toBe(21);
    expect(seen).toHaveLength(21);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  test('refuses a cursor of another list', async () => {
    const { id } = await webhooks.make(organization, URL_OK);
    await expect(
      webhooks.deliveries(organization, id, { cursor: Buffer.from(newId()).toString('base64url') }),
    ).rejects.toMatchObject({ code: 'invalid-request' });
  });
});

describe('replaying', () => {
  test('sends the same event as a delivery of its own, as often as one likes', async () => {
    const { id } = await webhooks.make(organization, URL_OK);
    await webhooks.publish(organization, { type: 'approval.escalated' });
    const [first] = (await webhooks.deliveries(organization, id)).items;
    const operation = { id: newId(), repeated: false };
    const at = { webhook: id, delivery: first!.id };
    const again = await webhooks.service.replay(ownerOf(organization), originOf(organization), at, operation);
    expect(again).toMatchObject({
      id: operation.id,
      event: first!.event,
      eventType: 'approval.escalated',
      state: 'pending',
      attempts: 0,
    });
    await webhooks.service.replay(ownerOf(organization), originOf(organization), at, { ...operation, repeated: true });
    expect(await deliveriesIn('pending')).toBe(2);
    await webhooks.service.replay(
      ownerOf(organization),
      originOf(organization),
      { webhook: id, delivery: again.id },
      { id: newId(), repeated: false },
    );
    expect(await deliveriesIn('pending')).toBe(3);
  });

  test('is refused where somebody it tells about was erased', async () => {
    const person = await world.person(organization);
    const { id } = await webhooks.make(organization, URL_OK);
    await webhooks.publish(organization, { subjects: [person] });
    await world.erase(person);
    const [delivery] = (await webhooks.deliveries(organization, id)).items;
    const elsewhere = new WebhookService(world.workWith(world.freshVault()), webhooks.guard);
    await expect(
      elsewhere.replay(
        ownerOf(organization),
        originOf(organization),
        { webhook: id, delivery: delivery!.id },
        { id: newId(), repeated: false },
      ),
    ).rejects.toMatchObject({ code: 'invalid-request', extension: { errors: [{ path: 'path.delivery' }] } });
  });
});

describe('events', () => {
  test('about somebody who was erased are sealed for those who were not', async () => {
    const [gone, stays] = [await world.person(organization), await world.person(organization)];
    await world.erase(gone);
    const { id } = await webhooks.make(organization, URL_OK);
    await webhooks.publish(organization, { subjects: [gone, stays] }, { subjects: [gone] });
    expect((await webhooks.deliveries(organization, id)).items).toHaveLength(2);
  });

  test('reach a webhook that another process has just made', async () => {
    const other = new Notifier({ url: world.url, logger: world.logger });
    await other.start();
    const heard = new Watched<string | null>();
    const elsewhere = new WebhookWorld(world, other);
    other.onChange((resource) => heard.add(resource));
    await elsewhere.publish(organization); // that process knows of no webhook from now on
    await webhooks.make(organization, URL_OK);
    await heard.until((items) => items.includes(`webhooks:${organization}`));
    await elsewhere.publish(organization);
    expect(await deliveriesIn('pending')).toBe(1);
    await other.stop();
    await elsewhere.guard.close();
  });
});
