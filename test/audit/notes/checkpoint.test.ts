import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from '../../../src/audit/merkle.ts';
import {
  cosignatureTime,
  cosignCheckpoint,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../src/audit/notes/checkpoint.ts';
import { cosignedAt } from '../../../src/audit/notes/cosignature.ts';
import { formatVerifierKey, parseVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { addSignatures, openNote, parseNote, signNote } from '../../../src/audit/notes/signed-note.ts';
import { formatLogProof, openLogProof, parseLogProof } from '../../../src/audit/notes/tlog-proof.ts';
import { numberedLeaves, ReferenceTree } from '../tree/reference.ts';
import { ENOCH, PETER, PUBLIC_LOG } from './vectors.ts';

const malformed = expect.objectContaining({ code: 'malformed-note' });
const unverified = expect.objectContaining({ code: 'unverified-note' });
const log = signingKey('countersign/01890000-0000-7000-8000-000000000000', PETER.seed);
const witness = signingKey('witness.example.com/w1', ENOCH.seed, 'witness');
const head = { origin: log.name, size: 42, root: Buffer.alloc(32, 9) };
const AT = new Date('2026-11-23T10:00:00.999Z');

describe('checkpoints', () => {
  test('of a public log are opened with its key', () => {
    const { origin, size, root } = openCheckpoint(PUBLIC_LOG.checkpoint, parseVerifierKey(PUBLIC_LOG.key));
    expect({ origin, size, root: Buffer.from(root).toString('base64') }).toEqual({
      origin: 'arche2025h1.staging.ct.transparency.dev',
      size: 1_432_088_532,
      root: 'U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=',
    });
    expect(() =>
      openCheckpoint(PUBLIC_LOG.checkpoint.replace('1432088532', '1432088533'), parseVerifierKey(PUBLIC_LOG.key)),
    ).toThrow(unverified);
  });

  test('read back as what was signed', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, root) => {
        const opened = openCheckpoint(signCheckpoint({ origin: log.name, size, root }, log), log);
        expect({ ...opened, root: [...opened.root] }).toEqual({ origin: log.name, size, root: [...root] });
      }),
    );
  });

  test('of another log are refused, signed with this key or not', () => {
    expect(() => openCheckpoint(signCheckpoint({ ...head, origin: 'another' }, log), log)).toThrow(unverified);
    expect(() => openCheckpoint(signCheckpoint(head, signingKey(log.name, ENOCH.seed)), log)).toThrow(unverified);
  });

  test('have three lines and no more', () => {
    const root = Buffer.alloc(32).toString('base64');
    const wrong = [
      '',
      'a\n',
      'a\n1\n',
      `a\n1\n${root}`,
      `\n1\n${root}\n`,
      `a\n01\n${root}\n`,
      `a\n-1\n${root}\n`,
      `a\n+1\n${root}\n`,
      `a\n1.0\n${root}\n`,
      `a\n1e3\n${root}\n`,
      `a\n\n${root}\n`,
      `a\n9007199254740992\n${root}\n`,
      `a\n1\n\n`,
      `a\n1\n${root.slice(4)}\n`,
      `a\n1\n${Buffer.alloc(33).toString('base64')}\n`,
      `a\n1\n${root} \n`,
      `a\n1\n${root.replace('=', '')}\n`,
      `a\n1\n${root.replace('A=', 'B=')}\n`,
      `a\n1\n${root}\nextension\n`,
      `a\n1\n${root}\n\n`,
      `a\r\n1\r\n${root}\r\n`,
    ];
    for (const text of wrong) expect(() => parseCheckpoint(text)).toThrow(malformed);
    expect(formatCheckpoint(parseCheckpoint(`a\n0\n${root}\n`))).toBe(`a\n0\n${root}\n`);
  });
});

describe('cosignatures', () => {
  const checkpoint = signCheckpoint(head, log);
  const cosigned = addSignatures(checkpoint, [cosignCheckpoint(checkpoint, witness, AT)]);

  test('of a public witness are verified, and say when', () => {
    expect(cosignatureTime(PUBLIC_LOG.checkpoint, parseVerifierKey(PUBLIC_LOG.witness))).toEqual(
      new Date(0x6a122120 * 1000),
    );
    expect(() =>
      cosignatureTime(PUBLIC_LOG.checkpoint.replace('1432088532', '1432088533'), parseVerifierKey(PUBLIC_LOG.witness)),
    ).toThrow(unverified);
  });

  test('are made over the words of the specification', () => {
    const { bytes } = parseNote(cosigned).signatures[1]!;
    expect(cosignedAt(bytes)).toEqual(new Date('2026-11-23T10:00:00Z'));
    const message = `cosignature/v1\ntime ${Date.parse('2026-11-23T10:00:00Z') / 1000}\n${formatCheckpoint(head)}`;
    const signedAsNote = parseNote(signNote(message, signingKey('a', ENOCH.seed))).signatures[0]!;
    expect(Buffer.from(bytes.subarray(8)).equals(signedAsNote.bytes)).toBe(true);
  });

  test('stand beside the signature of the log', () => {
    const key = parseVerifierKey(formatVerifierKey(witness));
    expect(cosignatureTime(cosigned, key)).toEqual(new Date('2026-11-23T10:00:00Z'));
    expect(openCheckpoint(cosigned, log).size).toBe(42);
    expect(() => cosignatureTime(checkpoint, key)).toThrow(unverified);
  });

  test('count for one checkpoint, one time and one witness only', () => {
    const cosignature = cosignCheckpoint(checkpoint, witness, AT);
    const other = signCheckpoint({ ...head, size: 43 }, log);
    const later = Buffer.from(cosignature.bytes);
    later[7]! += 1;
    const wrong = [
      addSignatures(other, [cosignature]),
      addSignatures(checkpoint, [{ ...cosignature, bytes: later }]),
      addSignatures(checkpoint, [{ ...cosignature, bytes: cosignature.bytes.subarray(0, 71) }]),
      addSignatures(checkpoint, [cosignCheckpoint(checkpoint, signingKey(witness.name, PETER.seed, 'witness'), AT)]),
    ];
    for (const note of wrong) expect(() => cosignatureTime(note, witness)).toThrow(unverified);
  });

  test('of a log key are not taken for its signature, nor the other way round', () => {
    const sameSeed = signingKey(log.name, PETER.seed, 'witness');
    const swapped = { ...cosignCheckpoint(checkpoint, sameSeed, AT), keyId: log.id };
    expect(() => openNote(addSignatures(checkpoint, [swapped]), log)).toThrow(unverified);
    expect(() =>
      openNote(addSignatures(checkpoint, [{ ...parseNote(checkpoint).signatures[0]!, keyId: sameSeed.id }]), sameSeed),
    ).toThrow(unverified);
  });

  test('are made for checkpoints only', () => {
    expect(() => cosignCheckpoint(signNote('anything\n', log), witness, AT)).toThrow(malformed);
    for (const length of [0, 64, 71, 73])
      expect(() => cosignedAt(Buffer.alloc(length))).toThrow(
        expect.objectContaining({ code: 'malformed-cosignature' }),
      );
    expect(() => cosignedAt(Buffer.alloc(72, 0xff))).toThrow(
      expect.objectContaining({ code: 'malformed-cosignature' }),
    );
  });
});

describe('proof files (C2SP tlog-proof)', () => {
  const tree = new ReferenceTree(numberedLeaves(42));
  const proof = {
    index: 17,
    hashes: tree.path(17, 42),
    checkpoint: signCheckpoint({ ...head, root: tree.root(42) }, log),
  };
  const text = formatLogProof(proof);

  test('prove an entry by themselves', () => {
    expect(text.split('\n').slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 17']);
    expect(parseLogProof(text)).toEqual(proof);
    expect(openLogProof(text, leafHash(Buffer.from('17')), log).size).toBe(42);
    expect(openLogProof(text.replace('index', 'extra AAAA\nindex'), leafHash(Buffer.from('17')), log).size).toBe(42);
    const single = signCheckpoint({ ...head, size: 1, root: tree.root(1) }, log);
    expect(openLogProof(formatLogProof({ index: 0, hashes: [], checkpoint: single }), tree.leafHash(0), log).size).toBe(
      1,
    );
  });

  test('prove nothing else', () => {
    expect(() => openLogProof(text, tree.leafHash(18), log)).toThrow(
      expect.objectContaining({ code: 'invalid-proof' }),
    );
    expect(() => openLogProof(text.replace('index 17', 'index 18'), tree.leafHash(17), log)).toThrow(
      expect.objectContaining({ code: 'invalid-proof' }),
    );
    expect(() => openLogProof(text, tree.leafHash(17), signingKey('b', ENOCH.seed))).toThrow(unverified);
    const wrong = [
      '',
      text.replace('@v1', '@v2'),
      text.replace('index 17', 'index 017'),
      text.replace('index 17', 'index'),
      text.replace('index 17\n', ''),
      text.replace('\n\n', '\n'),
      text.replace('\n\n', '\nAAAA\n\n'),
      text.replace('\n\n', '\n!\n\n'),
    ];
    for (const other of wrong)
      expect(() => openLogProof(other, tree.leafHash(17), log)).toThrow(
        expect.objectContaining({ code: 'malformed-log-proof' }),
      );
  });
});
