import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { House, stage } from './support/house.ts';

const OFFICE = {
  timezone: 'Europe/Berlin',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '09:00', to: '17:00' },
  holidays: [],
};
/** One minute a week: forty hours of it are 46 years. */
const SPARSE = { ...OFFICE, days: ['mon'], hours: { from: '09:00', to: '09:01' } };

let house: House;

beforeAll(async () => {
  house = await House.open({ a: ['member'], b: ['member'] });
});

afterAll(() => house?.close());

test('a calendar that no longer gives a deadline: the requester is told what that means, and what they are told to do gives one again', async () => {
  await house.api.need('PUT', '/api/v1/calendars/office', OFFICE);
  const { id } = await house.ask([stage(['a']), stage(['b'], { timeout: 'PT40H', calendar: 'office' })], {
    title: 'Timed',
  });
  await house.api.need('PUT', '/api/v1/calendars/office', SPARSE);
  expect((await house.decide(id, 'a')).body.stages[1]).toMatchObject({ state: 'open', deadline_at: null });
  const mail = await house.system.until(
    async () =>
      (await house.system.mails('asker@example.test')).find(
        ({ subject }) => subject === 'Waits without a deadline: Timed',
      ),
    'the requester is told',
  );
  expect(mail.text).toContain('Those who are asked can decide');
  expect(mail.text).toContain('Stage 2 would end more than ten years away by its calendar.');
  expect(mail.text).not.toContain('waits for people who cannot decide');

  await house.api.need('PUT', '/api/v1/calendars/office', OFFICE);
  expect((await house.change(id, 'resubmit', { context: { asked: 'again' } }, 'asker')).status).toBe(200);
  expect((await house.decide(id, 'a')).body.stages[1]).toMatchObject({
    state: 'open',
    deadline_at: expect.any(String),
  });
});
