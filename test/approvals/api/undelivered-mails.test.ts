import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { composeWorker } from '../../../src/composition.ts';
import { TestSmtpServer } from '../../notify/support/smtp-server.ts';
import { until } from '../../support/api-caller.ts';
import { House, stage } from './support/house.ts';

const smtp = new TestSmtpServer();
let house: House;
let worker: Awaited<ReturnType<typeof composeWorker>>;

beforeAll(async () => {
  await smtp.start();
  house = await House.open({ mia: ['manager'], dan: ['director'], ada: ['admin'], gone: ['vp'] }, { worker: false });
  const { core } = house.system;
  worker = await composeWorker({ ...core, surroundings: { ...core.surroundings, smtpUrl: smtp.url } });
});
afterAll(async () => {
  await worker.stop(5_000);
  await house.close();
  await smtp.stop();
});

interface Waiting {
  readonly purpose: string;
  readonly last_error: string | null;
  readonly failed_at: string | null;
}

/** The mails about a request that are in the outbox. */
function waiting(approval: string): Promise<Waiting[]> {
  return house.system.core.work.read(DEFAULT_ORGANIZATION, (em) =>
    em.execute<Waiting[]>(
      "select reference->>'purpose' as purpose, last_error, failed_at from countersign.outbox where channel = 'mail' and reference->>'approval' = ?",
      [approval],
    ),
  );
}

const subjectsTo = (address: string, title: string) =>
  smtp.received.items
    .filter(({ to, parsed }) => to.includes(address) && parsed.subject?.includes(title))
    .map(({ parsed }) => parsed.subject);
const mailedEntries = async (approval: string) =>
  (await house.api.timeline(approval))
    .filter(({ type }) => type === 'mailed')
    .map(({ user_id, detail }) => `${user_id}: ${detail}`);

test('nobody is asked by a mail that can be sent only after the request was decided', async () => {
  smtp.atData = () => '451 4.3.0 not now';
  const { id } = await house.ask([stage(['mia', 'dan'])], { title: 'Decided meanwhile' });
  await until(
    async () => (await waiting(id)).filter(({ last_error }) => last_error !== null).length === 2,
    'both mails were tried',
  );
  await house.decide(id, 'dan');
  await until(
    async () => (await waiting(id)).every(({ purpose }) => purpose === 'outcome'),
    'the mails that ask are taken out',
  );
  smtp.atData = () => null;
  await until(async () => (await waiting(id)).length === 0, 'the outcome is mailed');
  expect(await house.api.read(id)).toMatchObject({ state: 'approved' });
  expect(subjectsTo('mia@example.test', 'Decided meanwhile')).toEqual([]);
  expect(subjectsTo('dan@example.test', 'Decided meanwhile')).toEqual([]);
  expect(await mailedEntries(id)).toEqual(['asker: Told the outcome by mail.']);
});

test('requester and admins are told of an approver whose mail will never arrive', async () => {
  smtp.atRecipient = (address) => (address === 'gone@example.test' ? '550 5.1.1 no such user' : null);
  const { id } = await house.ask([stage(['gone'])], { title: 'Asks somebody unreachable' });
  for (const user of ['asker', 'ada']) {
    await until(async () => subjectsTo(`${user}@example.test`, 'Asks somebody unreachable')[0], `${user} is told`);
  }
  expect(subjectsTo('asker@example.test', 'Asks somebody unreachable')).toEqual([
    'Approver could not be reached by mail: Asks somebody unreachable',
  ]);
  const mail = smtp.received.items.find(
    ({ to, parsed }) => to.includes('ada@example.test') && parsed.subject?.includes('Asks somebody unreachable'),
  );
  expect(mail?.parsed.text).toContain(
    'Name of gone is asked to decide on the request “Asks somebody unreachable”, but could not be reached by mail',
  );
  await until(async () => (await mailedEntries(id)).length === 3, 'all of it is in the timeline');
  expect(await mailedEntries(id)).toContain('gone: Could not be mailed: smtp-550-5.1.1.');
  expect(await waiting(id)).toEqual([{ purpose: 'ask', last_error: 'smtp-550-5.1.1', failed_at: expect.anything() }]);
});
