import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChargeExports, ExportFile } from '../../../src/billing/export/charge-exports.ts';
import { composeBilling } from '../../../src/composition/billing.ts';
import type { Caller } from '../../../src/platform/http/caller.ts';
import { KeyAuthenticator } from '../../../src/tenancy/authenticator.ts';
import { event, Office } from '../../usage/api/support/office.ts';

let office: Office;
let exports: ChargeExports;
let caller: Caller;

beforeAll(async () => {
  office = await Office.open();
  await office.report([event(), event()]);
  const { core, ownerKey } = office.system;
  exports = composeBilling(core).exports;
  caller = await new KeyAuthenticator(core.database, core.clock).authenticate(ownerKey);
});

afterAll(() => office?.close());

function demanded(): Promise<ExportFile> {
  const { organization, actor } = caller;
  return exports.ofOrganization(
    caller,
    { organization, actor, requestId: null },
    { format: 'csv', period: null, range: null },
  );
}

function reader({ content: { data } }: ExportFile): AsyncIterator<Uint8Array> {
  if (typeof data === 'string') throw new Error('an export is read in pieces');
  return data[Symbol.asyncIterator]();
}

describe('places to read an export', () => {
  test('are taken when one is demanded, and three there are', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 5 }, demanded));
    const files = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    expect(files).toHaveLength(3);
    expect(refused).toEqual([
      expect.objectContaining({ code: 'rate-limited' }),
      expect.objectContaining({ code: 'rate-limited' }),
    ]);

    const [unread, half, whole] = files.map(reader);
    await unread!.return!();
    expect((await half!.next()).done).not.toBe(true);
    await half!.return!();
    while ((await whole!.next()).done !== true);
    await whole!.return!();
    const again = await Promise.allSettled(Array.from({ length: 4 }, demanded));
    expect(again.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const answer of again) if (answer.status === 'fulfilled') await reader(answer.value).return!();
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
