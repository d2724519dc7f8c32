import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { membersOf, repeatedMember, shapeOf } from '../../src/platform/http/json-names.ts';

const names = fc.oneof(fc.constantFrom('a', 'b', '', '__proto__', 'constructor'), fc.string({ unit: 'binary' }));

describe('the names in a JSON text', () => {
  test('stand once each in whatever was written out from a value, in every way to lay it out', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(repeatedMember(text)).toBeNull();
        expect(membersOf(JSON.parse(text))).toBe(shapeOf(text).members);
      }),
    );
  });

  test('are found where one stands twice, with the path to it, whatever its letters and its values', () => {
    fc.assert(
      fc.property(
        names,
        fc.jsonValue(),
        fc.jsonValue(),
        fc.array(fc.constantFrom('list', 'object')),
        (name, first, second, around) => {
          const inner = `{${JSON.stringify(name)}: ${JSON.stringify(first)}, "other": 1, ${escaped(name)}: ${JSON.stringify(second)}}`;
          fc.pre(name !== 'other');
          const text = around.reduce(
            (json, kind) => (kind === 'list' ? `["}", ${json}]` : `{"\\"{": [], "in": ${json}}`),
            inner,
          );
          expect(membersOf(JSON.parse(text))).toBeLessThan(shapeOf(text).members);
          expect(repeatedMember(text)).toEqual([
            ...around.map((kind) => (kind === 'list' ? '1' : 'in')).toReversed(),
            name,
          ]);
        },
      ),
    );
  });

  test('may be the same in different objects', () => {
    expect(repeatedMember('{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": {"a": "{\\"a\\":1,\\"a\\":2}"}}')).toBeNull();
  });

  // With work that grows with the square of the length, either would take longer than a test may.
  test('are looked through once, however many there are', () => {
    const quotes = JSON.stringify({ text: '"\\'.repeat(1_000_000) });
    const members = JSON.stringify(
      Object.fromEntries(Array.from({ length: 500_000 }, (_, index) => [`name-${index}`, index])),
    );
    for (const text of [quotes, members]) expect(repeatedMember(text)).toBeNull();
  });
});

/** The same name, every letter of it written as an escape. */
function escaped(name: string): string {
  return `"${Array.from({ length: name.length }, (_, index) => `\\u${name.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')}"`;
}
