import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../src/platform/canonical-json.ts';

const refused = expect.objectContaining({ code: 'not-canonical' });
const anything = canonicalJson as (value: unknown) => string;

describe('canonicalJson', () => {
  test('writes the example of RFC 8785, 3.2.2', () => {
    const value = {
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001], // oxlint-disable-line no-loss-of-precision -- as it stands there
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('sorts members by UTF-16 code units, as in RFC 8785, 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      1: 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [1e21, '1e+21'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
  ])('writes the number %d as %s (RFC 8785, appendix B)', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test('reads back as what was written, and is the same whatever the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const json = value as JsonValue;
        fc.pre(isWellFormed(json));
        expect(JSON.parse(canonicalJson(json))).toEqual(JSON.parse(JSON.stringify(json)));
        expect(canonicalJson(reversed(json))).toBe(canonicalJson(json));
      }),
    );
  });

  test('refuses what would not read back as the same', () => {
    class Money {
      value = '1.00';
    }
    const wrong = [
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      Symbol('a'),
      () => 1,
      '\ud83d',
      'a\udc00',
      { '\ud800': 1 },
      { a: undefined },
      [undefined],
      Array.from({ length: 2 }),
      new Date(0),
      new Map([['a', 1]]),
      new Money(),
      Buffer.of(1),
    ];
    for (const value of wrong) expect(() => anything(value)).toThrow(refused);
  });

  test('says where it stands, and nothing of what it is', () => {
    expect(() => anything({ detail: { stages: [1, { name: '\ud83dsecret' }] } })).toThrow(
      '$.detail.stages[1].name holds half of a surrogate pair',
    );
  });
});

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

function isWellFormed(value: JsonValue): boolean {
  return !/[^\\](\\\\)*\\ud[89a-f]/i.test(JSON.stringify(value));
}
