import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MovableClock } from './support/movable-clock.ts';
import { Office } from './support/office.ts';
import { hiddenFields, takesDecision, type Visitor } from './support/visitor.ts';

const PEOPLE = { req: ['member'], mia: ['manager'], dan: ['director'], ned: ['member'], vic: ['viewer'], una: ['vp'] };

let office: Office;
let mia: Visitor;
let dan: Visitor;

beforeAll(async () => {
  office = await Office.open(PEOPLE, { clock: new MovableClock() });
  [mia, dan] = await Promise.all([office.signedIn('mia'), office.signedIn('dan')]);
});
afterAll(() => office.close());

const pathOf = ({ id }: { id: string }) => `/inbox/approvals/${id}`;

describe('the inbox', () => {
  test('lists what waits for whoever is signed in, and nothing else', async () => {
    const first = await office.ask([['mia'], ['dan']], { amount: { value: '2500.00', currency: 'USD' } });
    const second = await office.ask([['dan'], ['mia']]);
    const list = await mia.get('/inbox');
    expect(list.status).toBe(200);
    expect(list.source).toContain(`href="${pathOf(first)}"`);
    expect(list.text).toContain('2,500.00 USD');
    expect(list.text).toContain('Stage 1 of 2');
    expect(list.text).not.toContain(second.title);
    expect((await dan.get('/inbox')).text).not.toContain(first.title);
  });

  test('goes on, page by page', async () => {
    const una = await office.signedIn('una');
    const all: Awaited<ReturnType<typeof office.ask>>[] = [];
    for (let asked = 0; asked < 53; asked += 1) all.push(await office.ask([['una']]));
    const first = await una.get('/inbox');
    const next = /href="(\/inbox\?cursor=[^"]+)" rel="next"/.exec(first.source)?.[1] ?? '';
    const second = await una.get(next);
    const shownIn = (page: { text: string }) => all.filter(({ title }) => page.text.includes(title)).length;
    expect([shownIn(first), shownIn(second)]).toEqual([50, 3]);
    expect(second.source).not.toContain('rel="next"');
    expect((await una.get('/inbox?cursor=nonsense')).status).toBe(400);
  });

  test('sends whoever is not signed in to where one signs in', async () => {
    const asked = await office.ask([['mia']]);
    const stranger = office.visitor();
    for (const answer of [
      await stranger.get('/inbox'),
      await stranger.get(pathOf(asked)),
      await stranger.post(pathOf(asked), { decision: 'approve' }),
    ]) {
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sign-in']);
    }
    expect(await office.counted(asked)).toEqual([]);
  });
});

describe('a request in the inbox', () => {
  test('is decided there, and leaves the list', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const answer = await mia.submit(pathOf(asked), { decision: 'approve', comment: 'seen\r\nand fine' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${pathOf(asked)}?decided`]);
    expect((await office.read(asked)).stages[0]?.decisions).toMatchObject([
      { user_id: 'mia', comment: 'seen\nand fine', channel: 'page' },
    ]);
    const outcome = await mia.get(`${pathOf(asked)}?decided`);
    expect(outcome.text).toContain('Your decision is recorded');
    expect(takesDecision(outcome.source)).toBe(false);
    expect((await mia.get('/inbox')).text).not.toContain(asked.title);
    expect((await office.visitor().get(await office.linkOf('mia', asked))).text).toContain('This link has been used');
  });

  test('shows what happened so far to whom it concerns, and is nobody else’s', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const requester = await office.signedIn('req');
    const seen = await requester.get(pathOf(asked));
    expect(seen.status).toBe(200);
    expect(seen.text).toContain('What happened so far');
    expect(takesDecision(seen.source)).toBe(false);
    const viewer = await office.signedIn('vic');
    expect((await viewer.get(pathOf(asked))).status).toBe(200);
    const bystander = await office.signedIn('ned');
    expect((await bystander.get(pathOf(asked))).status).toBe(403);
    expect((await bystander.post(pathOf(asked), { decision: 'approve' })).status).toBe(403);
    expect((await dan.get(pathOf({ id: 'no-id' }))).status).toBe(404);
    expect((await dan.get(pathOf({ id: '00000000-0000-7000-8000-00000000abcd' }))).status).toBe(404);
  });

  test('opening it decides nothing, whatever the query', async () => {
    const asked = await office.ask([['mia']]);
    for (const query of ['', '?decision=approve', '?decided'])
      expect(takesDecision((await mia.get(pathOf(asked) + query)).source)).toBe(true);
    expect((await mia.head(pathOf(asked))).status).toBe(200);
    expect(await office.counted(asked)).toEqual([]);
  });

  test('takes no decision from somebody who is not asked', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const mine = hiddenFields((await mia.get(pathOf(asked))).source);
    const requester = await office.signedIn('req', 2);
    expect((await requester.post(pathOf(asked), { ...mine, decision: 'approve' })).status).toBe(403);
    expect(await office.counted(asked)).toEqual([]);
  });

  test('takes no decision on a revision that was not seen', async () => {
    const asked = await office.ask([['mia']], { amount: { value: '10.00', currency: 'USD' } });
    const form = hiddenFields((await mia.get(pathOf(asked))).source);
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/resubmit`,
      { amount: { value: '2000.00', currency: 'USD' } },
      office.key('req'),
    );
    for (const stale of [form, { csrf: form['csrf'] ?? '' }]) {
      const answer = await mia.post(pathOf(asked), { ...stale, decision: 'approve', comment: 'kept words' });
      expect(answer.status).toBe(409);
      expect(answer.text).toContain('changed since you looked at it');
      expect(answer.text).toContain('2,000.00 USD');
      expect(answer.text).toContain('kept words');
    }
    expect(await office.counted(asked)).toEqual([]);
    expect((await mia.submit(pathOf(asked), { decision: 'approve' })).status).toBe(303);
  });

  test('a form that is sent several times at once counts once and is answered alike', async () => {
    const asked = await office.ask([['mia']]);
    const form = hiddenFields((await mia.get(pathOf(asked))).source);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => mia.post(pathOf(asked), { ...form, decision: 'approve' })),
    );
    expect(answers.filter(({ status }) => status !== 303 && status !== 202)).toEqual([]);
    await office.becomes(asked, 'approved');
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('closed by others meanwhile says so', async () => {
    const asked = await office.ask([['mia', 'dan']]);
    const form = hiddenFields((await mia.get(pathOf(asked))).source);
    await dan.submit(pathOf(asked), { decision: 'reject', comment: 'no' });
    await office.becomes(asked, 'rejected');
    const answer = await mia.post(pathOf(asked), { ...form, decision: 'approve' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('This request was rejected');
  });

  test('asks for a code from the organization’s amount on, signed in or not', async () => {
    await office.system.need('PUT', '/api/v1/organization/settings', {
      step_up_amount: { value: '9000', currency: 'USD' },
    });
    try {
      const asked = await office.ask([['mia']], { amount: { value: '9000.00', currency: 'USD' } });
      expect((await mia.submit(pathOf(asked), { decision: 'approve', comment: '', code: '123456' })).status).toBe(422);
      const mailed = await mia.submit(pathOf(asked), { step: 'send_code', comment: 'kept words' });
      expect(mailed.text).toContain('We mailed a code to m…a@example.test');
      expect(mailed.text).toContain('kept words');
      const code = await office.codeFor('mia', asked);
      expect(
        (await mia.post(pathOf(asked), { ...hiddenFields(mailed.source), decision: 'approve', comment: '', code }))
          .status,
      ).toBe(303);
      expect(await office.counted(asked)).toEqual(['0 mia approve']);
    } finally {
      await office.system.need('PUT', '/api/v1/organization/settings', { step_up_amount: null });
    }
  });
});

describe('a decision from the inbox is refused', () => {
  test.each([
    ['without a token', () => ({}), {}],
    ['with the token of another request’s form', (_own: string, other: string) => ({ csrf: other }), {}],
    [
      'with an id that is not the form’s',
      (own: string) => ({ csrf: own.replace(/^[^.]*/, '019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071') }),
      {},
    ],
    ['when another site sends it', (own: string) => ({ csrf: own }), { 'sec-fetch-site': 'cross-site' }],
    ['when it says it comes from another origin', (own: string) => ({ csrf: own }), { origin: 'https://evil.test' }],
  ] as const)('%s', async (_case, csrf, headers) => {
    const [asked, other] = [await office.ask([['mia']]), await office.ask([['mia']])];
    const [own = '', others = ''] = await Promise.all(
      [asked, other].map(async (request) => hiddenFields((await mia.get(pathOf(request))).source)['csrf']),
    );
    const answer = await mia.post(
      pathOf(asked),
      { revision: '1', decision: 'approve', ...csrf(own, others) },
      { ...headers },
    );
    expect(answer.status).toBe(403);
    expect(await office.counted(asked)).toEqual([]);
  });

  test('with the token of another session', async () => {
    const asked = await office.ask([['mia', 'dan']]);
    const dans = hiddenFields((await dan.get(pathOf(asked))).source);
    expect((await mia.post(pathOf(asked), { ...dans, decision: 'approve' })).status).toBe(403);
    expect(await office.counted(asked)).toEqual([]);
  });
});

test('another organization’s session sees nothing of it', async () => {
  const asked = await office.ask([['mia']]);
  const { owner_key: key } = await office.system.need('POST', '/api/v1/organizations', { name: 'Elsewhere' });
  await office.system.need('POST', '/api/v1/teams', { id: 'elsewhere', name: 'Elsewhere' }, key);
  await office.system.need(
    'PUT',
    '/api/v1/teams/elsewhere/members/zoe',
    { name: 'Zoe', email: 'zoe@example.test', roles: ['owner'] },
    key,
  );
  const zoe = await office.signedIn('zoe');
  expect((await zoe.get('/inbox')).text).toContain('Nothing waits for you');
  const mias = hiddenFields((await mia.get(pathOf(asked))).source);
  for (const answer of [
    await zoe.get(pathOf(asked)),
    await zoe.post(pathOf(asked), { ...mias, decision: 'approve' }),
  ]) {
    expect([403, 404]).toContain(answer.status);
    expect(answer.text).not.toContain(asked.title);
  }
  expect((await zoe.get(pathOf(asked))).status).toBe(404);
  expect(await office.counted(asked)).toEqual([]);
});
