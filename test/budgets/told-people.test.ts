import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { alertsOf } from './support/alerts.ts';
import { Purse } from './support/purse.ts';

const OUTSIDE = 'accounts@outside.test';
let purse: Purse;

beforeAll(async () => {
  purse = await Purse.open({ worker: true });
});

afterAll(() => purse?.close());

async function recipients(addresses: readonly string[], includeMembers: boolean): Promise<void> {
  await purse.api.need('PUT', '/api/v1/teams/vision/billing/settings', {
    reporting: { recipients: addresses, include_member_breakdown: includeMembers },
  });
}

/** Makes a budget and uses it up. @returns the addresses that were told of it */
async function told(name: string, scope: Record<string, unknown>): Promise<string[]> {
  await purse.budget('vision', name, '1', { exceeded_action: 'notify', scope });
  await purse.spend(name, '1');
  await purse.system.until(
    async () => (await alertsOf(purse.system.core, 'vision')).some(({ budget }) => budget === name),
    `an alert of ${name}`,
    30_000,
  );
  await purse.system.until(async () => (await waitingMails()) === 0, 'every mail is delivered', 30_000);
  const mails = await purse.system.mails();
  return mails
    .filter(({ subject }) => subject === `Budget used up: ${name} (Vision)`)
    .flatMap(({ to }) => to)
    .toSorted();
}

function waitingMails(): Promise<number> {
  const { work } = purse.system.core;
  return work.read(DEFAULT_ORGANIZATION, async (em) => {
    const [row] = await em.execute<{ n: number }[]>(
      `select count(*)::int as n from countersign.outbox where channel = 'mail'`,
    );
    return row!.n;
  });
}

describe('an alert', () => {
  test('of one person’s budget is not mailed to addresses that may not see members’ figures', async () => {
    await recipients([OUTSIDE], false);
    expect(await told('of-ann', { user_id: 'ann' })).toEqual(['fin@example.test']);
    expect(await told('of-all', {})).toEqual([OUTSIDE, 'fin@example.test']);
  });

  test('of one person’s budget is mailed to them where they may', async () => {
    await recipients([OUTSIDE], true);
    expect(await told('of-ann-too', { user_id: 'ann' })).toEqual([OUTSIDE, 'fin@example.test']);
  });

  test('is not mailed to an address whose user has left', async () => {
    await recipients([OUTSIDE, 'Bob@example.test', 'eye@example.test'], false);
    await purse.api.need('DELETE', '/api/v1/teams/vision/members/bob');
    expect(await told('after-bob', {})).toEqual([OUTSIDE, 'eye@example.test', 'fin@example.test']);
  });
});
