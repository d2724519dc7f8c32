import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MovableClock } from './support/movable-clock.ts';
import { type Asked, Office } from './support/office.ts';
import { type Seen, takesDecision, type Visitor } from './support/visitor.ts';

const PEOPLE = { req: ['member'], mia: ['manager'], dan: ['director'] };
const LARGE = { amount: { value: '5000.00', currency: 'USD' } };
let office: Office;
const clock = new MovableClock();

beforeAll(async () => {
  office = await Office.open(PEOPLE, { clock });
  await office.system.need('PUT', '/api/v1/organization/settings', {
    step_up_amount: { value: '5000', currency: 'USD' },
  });
});
afterAll(() => office.close());

interface Case {
  readonly asked: Asked;
  readonly link: string;
  readonly visitor: Visitor;
}

async function newCase(more: Record<string, unknown> = LARGE): Promise<Case> {
  const asked = await office.ask([['mia'], ['dan']], more);
  return { asked, link: await office.linkOf('mia', asked), visitor: office.visitor() };
}

/** Asks for a code and reads it from the mail. */
async function mailedCode({ asked, link, visitor }: Case): Promise<string> {
  const before = (await office.codes('mia', asked)).length;
  expect((await visitor.post(link, { step: 'send_code', comment: '' })).status).toBe(200);
  return office.codeFor('mia', asked, before + 1);
}

const another = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const decide = (visitor: Visitor, link: string, code: string): Promise<Seen> =>
  visitor.post(link, { decision: 'approve', comment: 'kept words', code });

/** The form again, with this said about it; nothing is decided. */
async function expectRefused(answer: Seen, status: number, said: string, asked: Asked): Promise<void> {
  expect(answer.text).toContain(said);
  expect(answer.status).toBe(status);
  expect(answer.text).toContain('kept words');
  expect(takesDecision(answer.source)).toBe(true);
  expect(await office.counted(asked)).toEqual([]);
}

describe('from the organization’s amount on', () => {
  test('a decision takes the code that is mailed when asked for, and works with it once', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    expect((await visitor.get(link)).text).toContain('Mail me a code');
    await expectRefused(await decide(visitor, link, ''), 400, 'Enter the code from the mail', asked);
    await expectRefused(await decide(visitor, link, '123456'), 422, 'No code was mailed to you yet', asked);
    const answer = await visitor.post(link, { step: 'send_code', comment: 'typed before' });
    expect(answer.text).toContain('We mailed a code to m…a@example.test');
    expect(answer.text).toContain('typed before');
    const code = await office.codeFor('mia', asked);
    expect((await visitor.get(link)).text).toContain('We mailed a code to');
    expect((await decide(visitor, link, `${code.slice(0, 3)} ${code.slice(3)}`)).status).toBe(303);
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('the mail holds the code and no link, and goes to whoever decides', async () => {
    const given = await newCase();
    const { asked } = given;
    const code = await mailedCode(given);
    const [mail] = await office.system.mails('mia@example.test');
    expect(mail?.text).toContain(code);
    expect(mail?.subject).not.toMatch(/\d/);
    expect(mail?.text).toContain(asked.title);
    expect(`${mail?.text}${mail?.html}`).not.toContain('/r/');
  });

  test('below it, and without an amount, no code is asked for', async () => {
    for (const more of [{ amount: { value: '4999.99', currency: 'USD' } }, {}]) {
      const { asked, link, visitor } = await newCase(more);
      expect((await visitor.get(link)).text).not.toContain('Mail me a code');
      expect((await visitor.post(link, { step: 'send_code' })).status).toBe(200);
      expect((await decide(visitor, link, '')).status).toBe(303);
      expect(await office.counted(asked)).toEqual(['0 mia approve']);
      expect(await office.codes('mia', asked)).toEqual([]);
    }
  });

  test('a decision by key needs none', async () => {
    const { asked } = await newCase();
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/decisions`,
      { decision: 'approve' },
      office.key('mia'),
    );
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('an amount in another currency cannot be compared, so a code is asked for', async () => {
    await office.system.need('PUT', '/api/v1/organization/settings', {
      step_up_amount: { value: '1000000', currency: 'EUR' },
    });
    try {
      const { link, visitor, asked } = await newCase({ amount: { value: '1.00', currency: 'USD' } });
      await expectRefused(await decide(visitor, link, '123456'), 422, 'No code was mailed to you yet', asked);
    } finally {
      await office.system.need('PUT', '/api/v1/organization/settings', {
        step_up_amount: { value: '5000', currency: 'USD' },
      });
    }
  });
});

describe('a code', () => {
  test('that is wrong decides nothing; after five attempts not even the right one does', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    for (let attempt = 1; attempt <= 5; attempt += 1)
      await expectRefused(
        await decide(visitor, link, another(code)),
        422,
        'This is not the code we mailed last',
        asked,
      );
    await expectRefused(await decide(visitor, link, code), 422, 'tried too often', asked);
    expect((await visitor.get(link)).text).not.toContain('We mailed a code to');
    expect((await decide(visitor, link, await mailedCode(given))).status).toBe(303);
  });

  test('has five attempts however many come at once', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    const answers = await Promise.all(Array.from({ length: 9 }, () => decide(visitor, link, another(code))));
    expect(answers.filter(({ text }) => text.includes('This is not the code'))).toHaveLength(5);
    expect(answers.filter(({ text }) => text.includes('tried too often'))).toHaveLength(4);
    expect(await office.counted(asked)).toEqual([]);
  });

  test('that is malformed counts as no attempt', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    for (let attempt = 1; attempt <= 6; attempt += 1)
      await expectRefused(await decide(visitor, link, '12345'), 400, 'A code has six digits', asked);
    expect((await decide(visitor, link, code)).status).toBe(303);
  });

  test('is replaced by a newer one', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const first = await mailedCode(given);
    const second = await mailedCode(given);
    if (first !== second)
      await expectRefused(await decide(visitor, link, first), 422, 'This is not the code we mailed last', asked);
    expect((await decide(visitor, link, second)).status).toBe(303);
  });

  test('expires after ten minutes', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    clock.advanceMinutes(10.1);
    expect((await visitor.get(link)).text).not.toContain('We mailed a code to');
    await expectRefused(await decide(visitor, link, code), 422, 'This code has expired', asked);
  });

  test('of another request or another person does not help', async () => {
    const mine = await newCase();
    const other = await newCase();
    const code = await mailedCode(mine);
    const own = await mailedCode(other);
    if (code !== own)
      await expectRefused(await decide(other.visitor, other.link, code), 422, 'This is not the code', other.asked);
    await decide(mine.visitor, mine.link, code);
    const dans = await office.linkOf('dan', mine.asked);
    const refused = await decide(office.visitor(), dans, code);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('No code was mailed to you yet');
  });

  test('confirms one decision: after changes were made, the next one takes a new code', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    expect((await visitor.post(link, { decision: 'request_changes', comment: 'which racks?', code })).status).toBe(303);
    await office.becomes(asked, 'changes_requested');
    await office.system.need(
      'POST',
      `/api/v1/approvals/${asked.id}/resubmit`,
      { description: 'the blue ones' },
      office.key('req'),
    );
    await expectRefused(
      await decide(visitor, await office.linkOf('mia', asked, 2), code),
      422,
      'No code was mailed to you yet',
      asked,
    );
  });

  test('belongs to the link it was asked for through: whoever has another link can neither use it nor lock anybody out', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    await office.system.need('POST', `/api/v1/approvals/${asked.id}/remind`, {});
    const newer = await office.linkOf('mia', asked, 2);
    for (let sent = 1; sent <= 5; sent += 1) await mailedCode(given);
    const code = (await office.codes('mia', asked))[0]!;
    for (let attempt = 1; attempt <= 5; attempt += 1) await decide(visitor, link, another(code));
    expect((await visitor.post(link, { step: 'send_code' })).status).toBe(429);
    await expectRefused(await decide(visitor, newer, code), 422, 'No code was mailed to you yet', asked);
    const mia = await office.signedIn('mia');
    expect((await mia.submit(`/inbox/approvals/${asked.id}`, { step: 'send_code' })).status).toBe(200);
    const own = await office.codeFor('mia', asked, 6);
    await expectRefused(await decide(visitor, newer, own), 422, 'No code was mailed to you yet', asked);
    expect(
      (await mia.submit(`/inbox/approvals/${asked.id}`, { decision: 'approve', comment: '', code: own })).status,
    ).toBe(303);
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('sent twice at once with the decision counts once and is answered alike', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    const answers = await Promise.all([
      decide(visitor, link, code),
      decide(visitor, link, code),
      decide(visitor, link, code),
    ]);
    expect(answers.filter(({ status }) => status !== 303 && status !== 202)).toEqual([]);
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('is mailed five times an hour at most, and what was typed is kept', async () => {
    const given = await newCase();
    const { link, visitor } = given;
    for (let sent = 1; sent <= 5; sent += 1) await mailedCode(given);
    const refused = await visitor.post(link, { step: 'send_code', comment: 'kept words' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3000);
    expect(refused.text).toContain('5 codes were mailed within the hour');
    expect(refused.text).toContain('kept words');
    clock.advanceMinutes(61);
    await mailedCode(given);
  });

  test('is stored as a keyed hash, and every attempt is on record', async () => {
    const given = await newCase();
    const { asked, link, visitor } = given;
    const code = await mailedCode(given);
    await decide(visitor, link, another(code));
    await decide(visitor, link, code);
    const rows = await office.rows<{ hash: Buffer; used_at: Date | null }>(
      'select hash, used_at from countersign.step_up_codes where approval_id = ?',
      [asked.id],
    );
    expect(rows.map(({ used_at }) => used_at !== null)).toEqual([true]);
    expect(rows[0]?.hash).toHaveLength(32);
    const audited = await office.rows(
      "select action, outcome from countersign.audit_entries where resource_id = ? and action like 'step_up%' order by at, id",
      [asked.id],
    );
    expect(audited).toEqual([
      { action: 'step_up.code_mailed', outcome: 'success' },
      { action: 'step_up.attempted', outcome: 'denied' },
      { action: 'step_up.attempted', outcome: 'success' },
    ]);
  });
});
