import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { sha256 } from '../../src/platform/crypto/master-key.ts';
import { Office } from '../pages-flow/support/office.ts';

let office: Office;

beforeAll(async () => {
  office = await Office.open({ req: ['member'], ann: ['member'], ben: ['member'] });
});
afterAll(() => office?.close());

async function put(user: string, change: Record<string, unknown>): Promise<void> {
  await office.system.need('PUT', `/api/v1/teams/${office.team}/members/${user}`, {
    name: `Name of ${user}`,
    email: `${user}@example.test`,
    roles: ['member'],
    ...change,
  });
}

/** A path that only somebody who is signed in is shown. */
async function isSignedIn(visitor: ReturnType<Office['visitor']>): Promise<boolean> {
  return (await visitor.get('/inbox')).status === 200;
}

describe('a new e-mail address', () => {
  test('ends sessions and sign-in links that the old one was given', async () => {
    const signedIn = await office.signedIn('ann');
    const other = office.visitor();
    await other.submit('/sign-in', { email: 'ann@example.test' });
    const open = await office.signInLink('ann@example.test', 2);
    expect(await isSignedIn(signedIn)).toBe(true);

    await put('ann', { email: 'ann.new@example.test' });

    expect(await isSignedIn(signedIn)).toBe(false);
    expect((await other.submit(open, {})).status).not.toBe(303);
    expect(await isSignedIn(other)).toBe(false);
    const hash = sha256(open.replace('/sign-in/', ''));
    expect(await office.rows('select from countersign.directory where hash = ?', [hash])).toHaveLength(0);
    expect(
      await office.rows('select from countersign.sign_in_links where hash = ? and used_at is null', [hash]),
    ).toHaveLength(0);
    const [row] = await office.rows<{ open: string }>(
      'select count(*) as open from countersign.sessions where organization_id = ? and ended_at is null',
      [DEFAULT_ORGANIZATION],
    );
    expect(Number(row?.open)).toBe(0);
  });

  test('is all that ends them: a new name does not', async () => {
    const signedIn = await office.signedIn('ben');
    await put('ben', { name: 'Benjamin', email: 'BEN@example.test' });
    expect(await isSignedIn(signedIn)).toBe(true);
  });
});
