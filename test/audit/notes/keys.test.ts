import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatVerifierKey, parseVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { ENOCH, PETER, PUBLIC_LOG } from './vectors.ts';

const malformed = expect.objectContaining({ code: 'malformed-key' });

describe('verifier keys', () => {
  test.each([PETER.key, ENOCH.key, PUBLIC_LOG.key, PUBLIC_LOG.witness])(
    '%s is read and written as others write it',
    (text) => {
      expect(formatVerifierKey(parseVerifierKey(text))).toBe(text);
    },
  );

  test('are made from a seed as Go makes them', () => {
    expect(formatVerifierKey(signingKey('PeterNeumann', PETER.seed))).toBe(PETER.key);
    expect(formatVerifierKey(signingKey('EnochRoot', ENOCH.seed))).toBe(ENOCH.key);
  });

  test('tell a log from a witness, whose ids differ', () => {
    const [log, witness] = [signingKey('one', PETER.seed), signingKey('one', PETER.seed, 'witness')];
    expect([parseVerifierKey(formatVerifierKey(log)).type, parseVerifierKey(formatVerifierKey(witness)).type]).toEqual([
      'log',
      'witness',
    ]);
    expect(log.id).not.toBe(witness.id);
  });

  test('are refused where anything is missing or changed', () => {
    for (let start = 0; start < PETER.key.length; start += 1) {
      for (let end = start; end <= PETER.key.length; end += 1) {
        if (end - start < PETER.key.length)
          expect(() => parseVerifierKey(PETER.key.slice(start, end))).toThrow(malformed);
      }
    }
    fc.assert(
      fc.property(fc.nat(PETER.key.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (position, character) => {
        fc.pre(character !== PETER.key[position]);
        expect(() =>
          parseVerifierKey(PETER.key.slice(0, position) + character + PETER.key.slice(position + 1)),
        ).toThrow(malformed);
      }),
    );
    const others = [
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      PETER.key.replace('c74f20a3', 'C74F20A3'),
      `${PETER.key}\n`,
      ` ${PETER.key}`,
      `${PETER.key}=`,
      '',
      '++',
    ];
    for (const text of others) expect(() => parseVerifierKey(text)).toThrow(malformed);
  });

  test('have a name without spaces and plus signs, and a seed of 32 bytes', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u00a0b', 'a\u0085b', 'a\u2028b', '\ud800'])
      expect(() => signingKey(name, PETER.seed)).toThrow(malformed);
    for (const length of [0, 31, 33, 64]) expect(() => signingKey('a', Buffer.alloc(length))).toThrow(malformed);
  });
});
