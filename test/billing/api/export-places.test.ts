import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChargeExports, ExportFile } from '../../../src/billing/export/charge-exports.ts';
import { composeBilling } from '../../../src/composition/billing.ts';
import type { Caller } from '../../../src/platform/http/caller.ts';
import { KeyAuthenticator } from '../../../src/tenancy/authenticator.ts';
import { event, Office } from '../../usage/api/support/office.ts';

let office: Office;
let exports: ChargeExports;
let caller: Caller;
let others: Caller[];

beforeAll(async () => {
  office = await Office.open();
  await office.report([event(), event()]);
  const { core, ownerKey } = office.system;
  exports = composeBilling(core).exports;
  const authenticator = new KeyAuthenticator(core.database, core.clock);
  caller = await authenticator.authenticate(ownerKey);
  others = [];
  for (const name of ['One', 'Two']) {
    const { owner_key: key } = await office.system.need('POST', '/api/v1/organizations', { name });
    others.push(await authenticator.authenticate(key));
  }
});

afterAll(() => office?.close());

function demanded(by = caller): Promise<ExportFile> {
  const { organization, actor } = by;
  return exports.ofOrganization(
    by,
    { organization, actor, requestId: null },
    { format: 'csv', period: null, range: null },
  );
}

async function all(callers: readonly Caller[]) {
  const answers = await Promise.allSettled(callers.map((by) => demanded(by)));
  return {
    files: answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])),
    refused: answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : [])),
  };
}

function reader({ content: { data } }: ExportFile): AsyncIterator<Uint8Array> {
  if (typeof data === 'string') throw new Error('an export is read in pieces');
  return data[Symbol.asyncIterator]();
}

describe('places to read an export', () => {
  test('are taken when one is demanded, and two there are', async () => {
    const { files, refused } = await all(Array.from({ length: 4 }, () => caller));
    expect(files).toHaveLength(2);
    expect(refused).toEqual(Array.from({ length: 2 }, () => expect.objectContaining({ code: 'rate-limited' })));

    const [unread, half] = files.map(reader);
    await unread!.return!();
    const whole = reader(await demanded());
    expect((await half!.next()).done).not.toBe(true);
    await half!.return!();
    while ((await whole.next()).done !== true);
    await whole.return!();
    const again = await all(Array.from({ length: 3 }, () => caller));
    expect(again.files).toHaveLength(2);
    for (const file of again.files) await reader(file).return!();
  });

  test('are left to the others by an organization that takes all of its own, up to four for everybody', async () => {
    const own = await all([caller, caller, caller]);
    expect(own.files).toHaveLength(2);
    const [one, two] = others;
    const theirs = await all([one!, two!, one!]);
    expect(theirs.files).toHaveLength(2);
    expect(theirs.refused).toEqual([expect.objectContaining({ code: 'rate-limited' })]);
    for (const file of [...own.files, ...theirs.files]) await reader(file).return!();
  });

  test('are given back where the demand fails', async () => {
    const { organization } = caller;
    const unknown = { organization, actor: { type: 'person', id: 'no uuid' }, requestId: null } as const;
    const query = { format: 'csv', period: null, range: null } as const;
    for (let attempt = 0; attempt < 4; attempt += 1)
      await expect(exports.ofOrganization(caller, unknown, query)).rejects.not.toMatchObject({ code: 'rate-limited' });
    await reader(await demanded()).return!();
  });
});
