import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Office } from './support/office.ts';
import { takesDecision } from './support/visitor.ts';

const PEOPLE = { req: ['member'], mia: ['manager'], dan: ['director'], vera: ['vp'], aaron: ['admin'] };

let office: Office;

beforeAll(async () => {
  office = await Office.open(PEOPLE);
});
afterAll(() => office.close());

describe('looking at a mailed link', () => {
  test('shows the request, as whom one decides, and a form that is sent to the same address', async () => {
    const asked = await office.ask([['mia'], ['dan']], {
      amount: { value: '2500.00', currency: 'USD' },
      description: 'Two racks & a switch',
    });
    const link = await office.linkOf('mia', asked);
    const page = await office.visitor().get(link);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.text).toContain(asked.title);
    expect(page.text).toContain('2,500.00 USD');
    expect(page.text).toContain('Two racks & a switch');
    expect(page.text).toContain('You are deciding as Name of mia .');
    expect(page.source).toContain(`method="post" action="${link}"`);
    expect(page.headers.getSetCookie()).toEqual([]);
  });

  test('decides nothing, however often, by whatever method and with whatever query', async () => {
    const asked = await office.ask([['mia']]);
    const link = await office.linkOf('mia', asked);
    const visitor = office.visitor();
    const queries = [
      '',
      '?decision=approve',
      '?decision=approve&comment=ok',
      '?decision=reject',
      '?decided',
      '?step=send_code',
    ];
    const looks = Array.from({ length: 5 }, () =>
      queries.flatMap((query) => [visitor.get(link + query), visitor.head(link + query)]),
    ).flat();
    expect(new Set((await Promise.all(looks)).map(({ status }) => status))).toEqual(new Set([200]));
    expect((await visitor.get(link)).text).toContain('You are deciding as');
    expect(await office.read(asked)).toMatchObject({ state: 'pending', stages: [{ state: 'open', decisions: [] }] });
    expect(await office.system.mails('mia@example.test')).not.toContainEqual(
      expect.objectContaining({ subject: expect.stringContaining('code') }),
    );
  });

  test('that never was finds nothing', async () => {
    for (const token of ['A'.repeat(43), 'x', '%00', '..%2f..']) {
      const page = await office.visitor().get(`/r/${token}`);
      expect(page.status).toBe(404);
      expect(page.text).toContain('There is nothing here');
    }
    expect((await office.visitor().post(`/r/${'A'.repeat(43)}`, { decision: 'approve', comment: '' })).status).toBe(
      404,
    );
  });
});

describe('deciding by a mailed link', () => {
  test('takes just a decision and a comment, without cookie and token, and shows the outcome', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const link = await office.linkOf('mia', asked);
    const visitor = office.visitor();
    const answer = await visitor.post(link, { decision: 'approve', comment: 'fine\r\nwith me' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`${link}?decided`);
    expect((await office.read(asked)).stages[0]?.decisions).toMatchObject([
      { user_id: 'mia', decision: 'approve', comment: 'fine\nwith me', channel: 'link' },
    ]);
    const outcome = await visitor.get(`${link}?decided`);
    expect(outcome.text).toContain('Your decision is recorded');
    expect(outcome.text).toContain('Name of mia approved this request');
    expect(takesDecision(outcome.source)).toBe(false);
    expect((await visitor.get(link)).text).toContain('This link has been used');
    expect(await office.linkOf('dan', asked)).not.toBe(link);
  });

  test('is answered the same when the same decision is sent again, and counts once', async () => {
    const asked = await office.ask([{ approvers: [{ user_id: 'mia' }, { user_id: 'dan' }], required: 2 }]);
    const link = await office.linkOf('mia', asked);
    const answers = [
      await office.visitor().post(link, { decision: 'approve', comment: 'once' }),
      await office.visitor().post(link, { decision: 'approve', comment: 'again' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    expect((await office.read(asked)).stages[0]?.decisions).toMatchObject([{ user_id: 'mia', comment: 'once' }]);
  });

  test('a different decision on a used link changes nothing and shows what was decided', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const link = await office.linkOf('mia', asked);
    await office.visitor().post(link, { decision: 'approve', comment: '' });
    const answer = await office.visitor().post(link, { decision: 'reject', comment: 'changed my mind' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('Name of mia approved this request');
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('a rejection closes the request, and every link about it then says so', async () => {
    const asked = await office.ask([{ approvers: [{ user_id: 'mia' }, { user_id: 'dan' }], required: 2 }]);
    const [mias, dans] = [await office.linkOf('mia', asked), await office.linkOf('dan', asked)];
    await office.visitor().post(mias, { decision: 'reject', comment: 'no budget' });
    await office.becomes(asked, 'rejected');
    for (const [link, said] of [
      [mias, 'This link has been used'],
      [dans, 'This request is closed'],
    ] as const) {
      const page = await office.visitor().get(link);
      expect(page.text).toContain(said);
      expect(page.text).toContain('This request was rejected');
      expect(page.text).toContain('no budget');
      expect(takesDecision(page.source)).toBe(false);
    }
  });

  test('that the browser says another site has sent is refused', async () => {
    const asked = await office.ask([['mia']]);
    const link = await office.linkOf('mia', asked);
    const fields = { decision: 'approve', comment: '' };
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://elsewhere.test' },
      { origin: 'null' },
    ];
    for (const headers of foreign) {
      expect((await office.visitor().post(link, fields, headers)).status).toBe(403);
    }
    expect(await office.counted(asked)).toEqual([]);
    expect(
      (await office.visitor().post(link, fields, { 'sec-fetch-site': 'same-origin', origin: office.system.baseUrl }))
        .status,
    ).toBe(303);
  });

  test('that comes too late is put on record, changes nothing, and says so', async () => {
    const asked = await office.ask([{ approvers: [{ user_id: 'mia' }, { user_id: 'dan' }], required: 2 }]);
    const dans = await office.linkOf('dan', asked);
    await office.visitor().post(await office.linkOf('mia', asked), { decision: 'reject', comment: '' });
    const before = await office.becomes(asked, 'rejected');
    const answer = await office.visitor().post(dans, { decision: 'approve', comment: 'I would have' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('Your decision came too late');
    expect(answer.text).toContain('I would have');
    expect((await office.visitor().get(dans)).text).toContain('Your decision came too late');
    expect((await office.visitor().post(dans, { decision: 'approve', comment: 'once more' })).status).toBe(409);
    const after = await office.read(asked);
    expect([after.state, after.decided_at, after.stages]).toEqual([before.state, before.decided_at, before.stages]);
    const { items } = await office.system.need('GET', `/api/v1/approvals/${asked.id}/timeline`);
    expect(items.filter(({ type }: { type: string }) => type === 'late_decision')).toHaveLength(1);
  });

  test('a guest decides by the link only', async () => {
    const asked = await office.ask([{ approvers: [{ email: 'guest.reviewer@elsewhere.test' }] }]);
    const link = await office.link('guest.reviewer@elsewhere.test', asked);
    expect((await office.visitor().get(link)).text).toContain('You are deciding as guest.reviewer@elsewhere.test .');
    expect((await office.visitor().post(link, { decision: 'approve', comment: '' })).status).toBe(303);
    expect(await office.becomes(asked, 'approved')).toMatchObject({
      stages: [{ decisions: [{ user_id: null, decision: 'approve', channel: 'link' }] }],
    });
  });

  test('in the place of somebody absent says for whom', async () => {
    const day = 86_400_000;
    await office.system.need('PUT', '/api/v1/users/vera/absence', {
      from: new Date(Date.now() - day).toISOString(),
      until: new Date(Date.now() + day).toISOString(),
      delegate_user_id: 'dan',
    });
    try {
      const asked = await office.ask([['vera']]);
      const link = await office.linkOf('dan', asked);
      expect((await office.visitor().get(link)).text).toContain(
        'You are deciding as Name of dan on behalf of Name of vera .',
      );
      await office.visitor().post(link, { decision: 'approve', comment: '' });
      expect(await office.becomes(asked, 'approved')).toMatchObject({
        stages: [{ decisions: [{ user_id: 'dan', on_behalf_of: 'vera' }] }],
      });
      expect((await office.visitor().get(link)).text).toContain(
        'Name of dan , on behalf of Name of vera , approved this request',
      );
    } finally {
      await office.system.need('DELETE', '/api/v1/users/vera/absence');
    }
  });
});

describe('a form that cannot be taken is shown again with all that was typed', () => {
  test.each([
    ['no decision', { comment: 'kept words' }, 'Nothing was decided'],
    ['an unknown decision', { decision: 'maybe', comment: 'kept words' }, 'Nothing was decided'],
    ['control characters', { decision: 'approve', comment: 'kept words\u0007' }, 'characters that cannot be stored'],
    [
      'a comment that is too long',
      { decision: 'approve', comment: `kept words ${'x'.repeat(4000)}` },
      'at most 4000 characters; this one has 4011',
    ],
  ])('%s', async (_case, fields, said) => {
    const asked = await office.ask([['mia']]);
    const link = await office.linkOf('mia', asked);
    const answer = await office.visitor().post(link, fields);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(said);
    expect(answer.text).toContain('kept words');
    expect(takesDecision(answer.source)).toBe(true);
    expect(await office.counted(asked)).toEqual([]);
  });

  test('a line end counts once, as people count it', async () => {
    const asked = await office.ask([['mia']]);
    const comment = `${'x'.repeat(3998)}\r\ny`;
    expect(
      (await office.visitor().post(await office.linkOf('mia', asked), { decision: 'approve', comment })).status,
    ).toBe(303);
  });

  test('text that is not UTF-8 is refused', async () => {
    const asked = await office.ask([['mia']]);
    const link = await office.linkOf('mia', asked);
    const answer = await fetch(office.system.baseUrl + link, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from('decision=approve&comment=\xff', 'latin1'),
    });
    expect(answer.status).toBe(400);
    expect(await office.counted(asked)).toEqual([]);
  });

  test('what somebody wrote adds no markup to the page', async () => {
    const asked = await office.ask([['mia']], { title: 'Racks <script>alert(1)</script>' });
    const answer = await office
      .visitor()
      .post(await office.linkOf('mia', asked), { comment: '</textarea><script>alert(2)</script>' });
    expect(answer.source).not.toContain('<script');
    expect(answer.source).toContain('&lt;/textarea&gt;');
  });
});

describe('a link that takes no decision any more', () => {
  test('of an earlier revision shows the new one and points to the newer mail', async () => {
    const asked = await office.ask([['mia']], { amount: { value: '10.00', currency: 'USD' } });
    const old = await office.linkOf('mia', asked);
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/resubmit`,
      { amount: { value: '20.00', currency: 'USD' } },
      office.key('req'),
    );
    const fresh = await office.linkOf('mia', asked, 2);
    const answer = await office.visitor().post(old, { decision: 'approve', comment: '' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('This link has been replaced');
    expect(answer.text).toContain('20.00 USD');
    expect(await office.counted(asked)).toEqual([]);
    expect((await office.visitor().post(fresh, { decision: 'approve', comment: '' })).status).toBe(303);
    expect((await office.visitor().get(old)).text).toContain('This link has been replaced');
  });

  test('of somebody who was asked no longer is replaced', async () => {
    const asked = await office.ask([['mia']]);
    const old = await office.linkOf('mia', asked);
    await office.system.need('POST', `/api/v1/approvals/${asked.id}/reassign`, {
      from_user_id: 'mia',
      to_user_id: 'dan',
    });
    const answer = await office.visitor().post(old, { decision: 'approve', comment: '' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('This link has been replaced');
    expect(
      (await office.visitor().post(await office.linkOf('dan', asked), { decision: 'approve', comment: '' })).status,
    ).toBe(303);
  });

  test('of a stage that others have closed is replaced', async () => {
    const asked = await office.ask([['mia', 'vera'], ['dan']]);
    const [mias, veras] = [await office.linkOf('mia', asked), await office.linkOf('vera', asked)];
    await office.visitor().post(mias, { decision: 'approve', comment: '' });
    const page = await office.visitor().get(veras);
    expect(page.text).toContain('This link has been replaced');
    expect(page.text).toContain('Name of mia');
    expect(takesDecision(page.source)).toBe(false);
  });

  test('has expired once the time to answer is over', async () => {
    const asked = await office.ask([{ approvers: [{ user_id: 'mia' }], timeout: 'PT1S' }]);
    const link = await office.linkOf('mia', asked);
    await office.becomes(asked, 'rejected');
    expect((await office.visitor().get(link)).text).toContain('This link has expired');
  });

  test('has expired with the whole request', async () => {
    const asked = await office.ask([['mia']], { expires_in: 'PT1S' });
    const link = await office.linkOf('mia', asked);
    await office.becomes(asked, 'expired');
    const page = await office.visitor().get(link);
    expect(page.text).toContain('This link has expired');
    expect(page.text).toContain('This request has expired without a decision');
  });

  test('waits while the request is with its requester, and a newer one takes its place', async () => {
    const asked = await office.ask([['mia', 'dan']]);
    const [mias, dans] = [await office.linkOf('mia', asked), await office.linkOf('dan', asked)];
    await office.visitor().post(mias, { decision: 'request_changes', comment: 'which racks?' });
    await office.becomes(asked, 'changes_requested');
    expect((await office.visitor().get(mias)).text).toContain('Name of mia asked for changes to this request');
    const paused = await office.visitor().post(dans, { decision: 'approve', comment: '' });
    expect(paused.status).toBe(409);
    expect(paused.text).toContain('went back to the requester');
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/resubmit`,
      { description: 'the blue ones' },
      office.key('req'),
    );
    const fresh = await office.linkOf('mia', asked, 2);
    expect((await office.visitor().get(mias)).text).toContain('This link has been replaced');
    expect((await office.visitor().post(fresh, { decision: 'approve', comment: '' })).status).toBe(303);
    await office.becomes(asked, 'approved');
  });

  test('is used when its person has decided elsewhere', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const link = await office.linkOf('mia', asked);
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/decisions`,
      { decision: 'approve' },
      office.key('mia'),
    );
    expect((await office.visitor().get(link)).text).toContain('Name of mia approved this request');
    expect((await office.visitor().post(link, { decision: 'approve', comment: '' })).status).toBe(303);
    expect((await office.visitor().post(link, { decision: 'reject', comment: '' })).status).toBe(409);
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });
});

describe('several at once', () => {
  const times = (count: number, act: (index: number) => Promise<{ status: number }>) =>
    Promise.all(Array.from({ length: count }, (_, index) => act(index)));

  test('the same decision counts once and is answered alike', async () => {
    const asked = await office.ask([['mia']]);
    const link = await office.linkOf('mia', asked);
    const answers = await times(8, () => office.visitor().post(link, { decision: 'approve', comment: 'at once' }));
    expect(answers.filter(({ status }) => status !== 303 && status !== 202)).toEqual([]);
    await office.becomes(asked, 'approved');
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('of two different decisions one is taken, and both are shown which', async () => {
    const asked = await office.ask([['mia'], ['dan']]);
    const link = await office.linkOf('mia', asked);
    const answers = await times(6, (index) =>
      office.visitor().post(link, { decision: index % 2 === 0 ? 'approve' : 'reject', comment: '' }),
    );
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const [counted = ''] = await office.system.until(async () => {
      const decisions = await office.counted(asked);
      return decisions.length > 0 && decisions;
    }, 'one decision counts');
    expect(await office.counted(asked)).toHaveLength(1);
    expect((await office.visitor().get(link)).text).toContain(
      counted === '0 mia approve' ? 'approved this request' : 'rejected this request',
    );
  });

  test('two links of the same person take one decision', async () => {
    const asked = await office.ask([{ approvers: [{ user_id: 'mia' }, { user_id: 'dan' }], required: 2 }]);
    const first = await office.linkOf('mia', asked);
    await office.system.need('POST', `/api/v1/approvals/${asked.id}/remind`, {});
    const second = await office.linkOf('mia', asked, 2);
    const answers = await times(4, (index) =>
      office.visitor().post(index % 2 === 0 ? first : second, { decision: 'approve', comment: '' }),
    );
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    await office.system.until(async () => (await office.counted(asked)).length > 0, 'the decision counts');
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });
});
