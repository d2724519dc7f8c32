import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../support/api-caller.ts';
import { Visitor } from '../../pages-flow/support/visitor.ts';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { asked, House, stage, TEAM } from './support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ vic: ['vp'], dora: ['director'], mia: ['manager'], moved: ['member'], late: ['member'] });
});
afterAll(() => house.close());

/** The links about a request that were mailed to an address, the newest first. */
async function links(address: string, title: string): Promise<string[]> {
  const mails = await house.system.mails(address);
  return mails
    .filter(({ subject }) => subject.includes(title))
    .flatMap(({ text }) => /\/r\/[\w-]+/.exec(text)?.[0] ?? []);
}

const linkTo = (address: string, title: string) =>
  until(async () => (await links(address, title))[0], `${address} is mailed a link to ${title}`);

async function put(user: string, more: Record<string, unknown>): Promise<void> {
  await house.api.need('PUT', `/api/v1/teams/${TEAM}/members/${user}`, {
    name: `Name of ${user}`,
    email: `${user}@example.test`,
    roles: ['member'],
    ...more,
  });
}

describe('somebody whose address changes', () => {
  test('is mailed a fresh link to the new one; what lies in the old mailbox decides nothing', async () => {
    const visitor = new Visitor(house.system.baseUrl);
    const open = await house.ask([stage(['moved'])], { title: 'Still open' });
    const later = await house.ask([stage(['moved'])], { title: 'Back with its requester' });
    const closed = await house.ask([stage(['moved', 'dora'])], { title: 'Decided by another' });
    const old = await Promise.all(
      ['Still open', 'Back with its requester', 'Decided by another'].map((title) =>
        linkTo('moved@example.test', title),
      ),
    );
    await house.decide(later.id, 'moved', 'request_changes', { comment: 'which ones?' });
    await house.decide(closed.id, 'dora');
    await put('moved', { email: 'moved@elsewhere.test' });
    const fresh = await linkTo('moved@elsewhere.test', 'Still open');
    for (const link of old) expect((await visitor.post(link, { decision: 'approve', comment: '' })).status).toBe(409);
    expect((await visitor.get(old[0]!)).text).toContain('This link has been replaced');
    expect((await house.api.read(open.id)).stages[0].decisions).toEqual([]);
    expect(await house.timelineTypes(closed.id)).not.toContain('late_decision');
    expect((await visitor.post(fresh, { decision: 'approve', comment: '' })).status).toBe(303);
    expect(await house.api.read(open.id)).toMatchObject({ state: 'approved' });
    expect(await links('moved@elsewhere.test', 'Decided by another')).toEqual([]);
    await house.change(later.id, 'resubmit', { description: 'the blue ones' });
    const reopened = await linkTo('moved@elsewhere.test', 'Back with its requester');
    expect((await visitor.post(old[1]!, { decision: 'approve', comment: '' })).status).toBe(409);
    expect((await visitor.post(reopened, { decision: 'approve', comment: '' })).status).toBe(303);
  });
});

describe('a change of roles', () => {
  test('has whoever gains a role asked in the stages that wait for it, in their team and below, and nowhere else', async () => {
    await house.team('below', { parent_team_id: TEAM });
    await house.team('beside');
    await house.person('bea', ['vp'], { team: 'beside' });
    const here = await house.ask([stage(['@vp'])]);
    const below = await house.ask([stage(['@vp'])], { team_id: 'below' });
    const beside = await house.ask([stage(['@vp'])], { team_id: 'beside' });
    const other = await house.ask([stage(['@director'])]);
    await put('late', { roles: ['vp'] });
    await until(
      async () => asked(await house.api.read(here.id))[0]?.includes('late'),
      'the new vice president is asked',
    );
    await until(async () => asked(await house.api.read(below.id))[0]?.includes('late'), 'and in the team below');
    const refreshed = await house.system.core.work.read(DEFAULT_ORGANIZATION, (em) =>
      em.execute<{ approval_id: string }[]>(
        "select approval_id from countersign.approval_intents where kind = 'refresh' and approval_id in (?, ?, ?, ?)",
        [here.id, below.id, beside.id, other.id],
      ),
    );
    expect(refreshed.map((row) => row.approval_id).toSorted()).toEqual([here.id, below.id].toSorted());
    expect(asked(await house.api.read(beside.id))).toEqual([['bea']]);
  });

  test('heals a stage that nobody was left for', async () => {
    const request = await house.ask([stage(['@compliance_officer', 'vic'], { required: 1 })], {
      title: 'Waits for vic',
    });
    await house.api.need('DELETE', `/api/v1/teams/${TEAM}/members/vic`);
    await until(async () => asked(await house.api.read(request.id))[0]?.length === 0, 'nobody is asked any more');
    await put('newcomer', { roles: ['compliance_officer'] });
    await until(
      async () => asked(await house.api.read(request.id))[0]?.includes('newcomer'),
      'the new compliance officer is asked',
    );
    await linkTo('newcomer@example.test', 'Waits for vic');
  });

  test('asks a person who was named and comes back', async () => {
    const request = await house.ask([stage(['mia'])], { title: 'Waits for mia' });
    await house.api.need('DELETE', `/api/v1/teams/${TEAM}/members/mia`);
    await until(async () => asked(await house.api.read(request.id))[0]?.length === 0, 'nobody is asked any more');
    await put('mia', { roles: ['manager'] });
    await until(async () => asked(await house.api.read(request.id))[0]?.includes('mia'), 'mia is asked again');
  });
});
