import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import {
  addSignatures,
  formatNote,
  formatSignature,
  openNote,
  parseNote,
  parseSignature,
  signNote,
} from '../../../src/audit/notes/signed-note.ts';
import { ENOCH, PETER, TEXT } from './vectors.ts';

const malformed = expect.objectContaining({ code: 'malformed-note' });
const unverified = expect.objectContaining({ code: 'unverified-note' });
const [peter, enoch] = [parseVerifierKey(PETER.key), parseVerifierKey(ENOCH.key)];
const signedByBoth = `${TEXT}\n${PETER.signature}${ENOCH.signature}`;

/** Text of lines as a note may hold it, empty lines included. */
const texts = fc
  .array(
    fc.string({ unit: 'grapheme' }).filter((line) => !/\p{Cc}/u.test(line)),
    { maxLength: 6 },
  )
  .map((lines) => `${lines.join('\n')}\n`);

describe('signed notes', () => {
  test('are signed as Go signs them', () => {
    expect(signNote(TEXT, signingKey('PeterNeumann', PETER.seed))).toBe(`${TEXT}\n${PETER.signature}`);
    expect(
      addSignatures(signNote(TEXT, signingKey('PeterNeumann', PETER.seed)), [
        parseSignature(ENOCH.signature.trimEnd()),
      ]),
    ).toBe(signedByBoth);
  });

  test('are opened by each key that signed them', () => {
    expect([openNote(signedByBoth, peter), openNote(signedByBoth, enoch)]).toEqual([TEXT, TEXT]);
  });

  test('read back as what was signed', () => {
    const key = signingKey('example.com/log', PETER.seed);
    fc.assert(
      fc.property(texts, (text) => {
        const note = signNote(text, key);
        expect(openNote(note, key)).toBe(text);
        expect(formatNote(parseNote(note))).toBe(note);
      }),
    );
  });

  test('are refused by a key that did not sign them, also where it has the same name or the same id', () => {
    const onlyEnoch = `${TEXT}\n${ENOCH.signature}`;
    expect(() => openNote(onlyEnoch, peter)).toThrow(unverified);
    expect(() => openNote(onlyEnoch, { ...peter, name: enoch.name })).toThrow(unverified);
    expect(() => openNote(onlyEnoch, { ...peter, id: enoch.id })).toThrow(unverified);
    expect(() => openNote(onlyEnoch, signingKey('EnochRoot', ENOCH.seed, 'witness'))).toThrow(unverified);
  });

  test('a wrong signature in the name of a key that is looked for spoils the note', () => {
    const bytes = Buffer.from(parseSignature(ENOCH.signature.trimEnd()).bytes);
    bytes[5]! ^= 1;
    const forged = formatSignature({ name: enoch.name, keyId: enoch.id, bytes });
    expect(() => openNote(`${TEXT}\n${forged}`, enoch)).toThrow(unverified);
    expect(() => openNote(`${signedByBoth}${forged}`, enoch)).toThrow(unverified);
    expect(openNote(`${signedByBoth}${forged}`, peter)).toBe(TEXT);
  });

  test('are refused whatever character of text or signature was changed', () => {
    const note = `${TEXT}\n${PETER.signature}`;
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (position, character) => {
        fc.pre(character !== note[position]);
        expect(() => openNote(note.slice(0, position) + character + note.slice(position + 1), peter)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(malformed|unverified)-note$/) }),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('are nothing else', () => {
    const wrong = [
      '',
      '\n',
      '\n\n',
      TEXT,
      `${TEXT}\n`,
      `${TEXT}\n${PETER.signature.trimEnd()}`,
      `\u0001${TEXT}\n${PETER.signature}`,
      `\ud800${TEXT}\n${PETER.signature}`,
      `${TEXT}\n— Bad Name x08go/ZJkuBS\n`,
      `${TEXT}\n${PETER.signature}Unexpected line.\n`,
      `${TEXT}\n${PETER.signature}\n`,
      `${TEXT}\n${PETER.signature.replace('—', '-')}`,
      `${TEXT}\n${PETER.signature.replace('=\n', '\n')}`,
      `${TEXT}\n— PeterNeumann x08gow==\n`,
      `${TEXT}\n— PeterNeumann  ${PETER.signature.slice(15)}`,
      `${TEXT}\r\n${PETER.signature}`,
      `${TEXT}\n${PETER.signature.repeat(101)}`,
    ];
    for (const note of wrong) expect(() => parseNote(note)).toThrow(malformed);
  });

  test('cannot be made of a text that would read back as another', () => {
    const key = signingKey('a', PETER.seed);
    for (const text of ['', 'no newline at the end', 'tab\t\n', 'zero\0\n', '\udc00\n'])
      expect(() => signNote(text, key)).toThrow(malformed);
    expect(openNote(signNote('a\n\n— b AAAAAAA=\n', key), key)).toBe('a\n\n— b AAAAAAA=\n');
  });
});
