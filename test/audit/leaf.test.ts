import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  commitmentIn,
  commitmentTo,
  leafText,
  leafTextHash,
  opens,
  parsePersonal,
  personalText,
  personalWith,
  type PublicFields,
} from '../../src/audit/leaf.ts';

const notPersonal = expect.objectContaining({ code: 'not-personal' });
const salt = Buffer.alloc(32, 7);
const personal = personalWith(salt, { user_agent: 'curl/8.5', address: '203.0.113.7' });

const entry: PublicFields = {
  id: '01890000-0000-7000-8000-000000000001',
  at: new Date('2026-11-23T10:00:00.123Z'),
  organization: '01890000-0000-7000-8000-000000000002',
  actor: { type: 'person', ref: '01890000-0000-7000-8000-000000000003', key: null },
  onBehalfOf: null,
  action: 'approval.decided',
  resource: { type: 'approval', ref: '01890000-0000-7000-8000-000000000004' },
  outcome: 'success',
  team: null,
  requestId: 'r-1',
  detail: { stage: 1, decision: 'approve' },
};

/** `actor.type` of `{ actor: { type } }`; what is in `detail` is the action's affair. */
function membersOf(leaf: object): string[] {
  return Object.entries(leaf).flatMap(([name, value]) =>
    (name === 'actor' || name === 'resource') && typeof value === 'object' && value !== null
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : [name],
  );
}

describe('leafText', () => {
  test('has the members that docs/AUDIT.md tells auditors of, and no others', () => {
    const document = readFileSync(new URL('../../docs/AUDIT.md', import.meta.url), 'utf8');
    const [, table = ''] = /<!-- leaf -->(.*)<!-- end of leaf -->/s.exec(document) ?? [];
    const told = Array.from(table.matchAll(/^\| `([a-z_.]+)` \|/gm), ([, member]) => member);
    const leaf = JSON.parse(leafText({ ...entry, policyVersion: 'v7', personal: commitmentTo(personal) })) as object;
    expect(told.toSorted()).toEqual(membersOf(leaf).toSorted());
  });

  test('is the public fields as canonical JSON', () => {
    expect(leafText(entry)).toBe(
      '{"action":"approval.decided","actor":{"key":null,"ref":"01890000-0000-7000-8000-000000000003","type":"person"},"at":"2026-11-23T10:00:00.123Z",' +
        '"detail":{"decision":"approve","stage":1},"id":"01890000-0000-7000-8000-000000000001","on_behalf_of":null,"organization":"01890000-0000-7000-8000-000000000002",' +
        '"outcome":"success","request_id":"r-1","resource":{"ref":"01890000-0000-7000-8000-000000000004","type":"approval"},"team":null,"v":1}',
    );
  });

  test('names the policy version and the commitment where there are any', () => {
    const text = leafText({ ...entry, policyVersion: 'v7', personal: commitmentTo(personal) });
    expect(JSON.parse(text)).toMatchObject({ policy_version: 'v7', personal: commitmentTo(personal) });
    expect(commitmentIn(text)).toBe(commitmentTo(personal));
  });

  test('is hashed as a leaf of RFC 6962', () => {
    const text = leafText({ ...entry, detail: { reason: 'naïve' } });
    expect(leafTextHash(text)).toEqual(createHash('sha256').update(Buffer.of(0)).update(text, 'utf8').digest());
  });

  test('holds no commitment where there is none, nor where it is no leaf', () => {
    for (const text of [leafText(entry), '', '{', '[]', 'null', '{"personal":1}', '{"detail":{"personal":"a"}}'])
      expect(commitmentIn(text)).toBeNull();
  });
});

describe('the commitment to personal fields', () => {
  test('is SHA-256 over the salt and the fields as canonical JSON', () => {
    const expected = createHash('sha256')
      .update(salt)
      .update('{"address":"203.0.113.7","user_agent":"curl/8.5"}')
      .digest('base64');
    expect(commitmentTo(personal)).toBe(expected);
  });

  test('opens with what was sealed, and with nothing else', () => {
    const fields = fc.dictionary(
      fc.constantFrom('address', 'user_agent', 'x'),
      fc.oneof(fc.string(), fc.constant(null)),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fields, fc.nat(31), (bytes, values, position) => {
        const sealed = parsePersonal(personalText(personalWith(bytes, values)));
        const commitment = commitmentTo(personalWith(bytes, values));
        expect(opens(sealed, commitment)).toBe(true);
        const otherSalt = bytes.with(position, bytes[position]! ^ 1);
        expect(opens(personalWith(otherSalt, values), commitment)).toBe(false);
        expect(opens(personalWith(bytes, { ...values, y: 1 }), commitment)).toBe(false);
      }),
    );
  });

  test('a salt has 32 bytes', () => {
    for (const length of [0, 31, 33]) expect(() => personalWith(Buffer.alloc(length), {})).toThrow(notPersonal);
  });

  test('nothing else is taken for sealed fields', () => {
    const other = [
      '',
      '{',
      'null',
      '[]',
      '"text"',
      '{}',
      '{"salt":"","fields":{}}',
      `{"salt":"${salt.toString('base64')}"}`,
      `{"salt":"${salt.toString('base64')}","fields":[]}`,
      `{"salt":"${salt.toString('base64')}","fields":null}`,
      `{"salt":1,"fields":{}}`,
    ];
    for (const text of other) expect(() => parsePersonal(text)).toThrow(notPersonal);
  });
});
