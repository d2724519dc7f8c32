import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../../src/platform/canonical-json.ts';
import { EMPTY_ROOT } from '../../../src/audit/merkle.ts';
import { cosignatureTime, signCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { signNote } from '../../../src/audit/notes/signed-note.ts';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import {
  ExportedLog,
  fromLines,
  inTurn,
  linesOf,
  LOG_KEY,
  OTHER_KEY,
  seqOf,
  verify,
  VERIFIER_KEY,
  WITNESS,
} from './exported-log.ts';

const log = new ExportedLog(300);
const scope = { start: 240, end: 280, treeSize: 300, checkpointsAt: [240, 250, 256, 263, 280] };

describe('a bundle as it was exported', () => {
  test('is valid, and says what it holds', async () => {
    const bundle = await log.bundle(scope);
    const erased = log.entries.slice(240, 280).filter(({ seq }) => seq % 7 === 6 && seq % 5 !== 4).length;
    expect(await verify(bundle)).toEqual({
      verdict: 'valid',
      start: 240,
      entries: 40,
      erased,
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-12-01T00:00:00.000Z',
      treeSize: 300,
      checkpoint: log.checkpoint(300),
    });
    expect(erased).toBeGreaterThan(3);
  });

  test('is valid whatever stretch of whatever log it is, however it is dealt out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(300),
        fc.nat(300),
        fc.nat(300),
        fc.array(fc.nat(300), { maxLength: 5 }),
        fc.integer({ min: 1, max: 9_000 }),
        async (a, b, c, sizes, pieces) => {
          const [start, end, treeSize] = [a, b, c].toSorted((x, y) => x - y) as [number, number, number];
          const bundle = await log.bundle({
            start,
            end,
            treeSize,
            checkpointsAt: sizes.filter((size) => size >= start && size <= end),
          });
          expect(await verify(bundle, { pieces: Math.max(pieces, Math.ceil(bundle.length / 500)) })).toMatchObject({
            verdict: 'valid',
            start,
            entries: end - start,
            treeSize,
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  test('of a log without entries is valid', async () => {
    const empty = new ExportedLog(0);
    expect(await verify(await empty.bundle({ start: 0, end: 0 }))).toMatchObject({
      verdict: 'valid',
      entries: 0,
      treeSize: 0,
      checkpoint: expect.stringContaining(Buffer.from(EMPTY_ROOT).toString('base64')),
    });
  });

  test('stays valid when people are erased: the same entries, fewer personal fields', async () => {
    const after = await log.bundle({ ...scope, entries: (entry) => ({ ...entry, personal: null, ids: null }) });
    const withCommitment = log.entries.slice(240, 280).filter(({ seq }) => seq % 5 !== 4).length;
    expect(await verify(after)).toMatchObject({ verdict: 'valid', entries: 40, erased: withCommitment });
  });

  test('hands on the cosignatures of its closing checkpoint', async () => {
    const result = await verify(await log.bundle({ start: 0, end: 10, treeSize: 11 }));
    expect(result.verdict === 'valid' && cosignatureTime(result.checkpoint, WITNESS)).toEqual(
      new Date('2026-11-01T00:00:00.000Z'),
    );
  });

  test('is read from a file as from a stream, with the key as a file holds it', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'bundle.jsonl'), await log.bundle(scope));
      expect(await verifyBundle(join(folder, 'bundle.jsonl'), { key: `${VERIFIER_KEY}\n` })).toMatchObject({
        verdict: 'valid',
        entries: 40,
      });
      await expect(verifyBundle(join(folder, 'none'), { key: VERIFIER_KEY })).rejects.toThrow(
        expect.objectContaining({ code: 'ENOENT' }),
      );
    });
  });

  test('says how many entries stand after others that are more than an hour younger', async () => {
    const late = new Set([245, 250]);
    const moved = new ExportedLog(300, { lateAt: (seq) => (late.has(seq) ? 3_700 : seq === 260 ? 3_000 : 0) });
    expect(await verify(await moved.bundle(scope))).toMatchObject({
      verdict: 'valid',
      late: { entries: 2, first: 245 },
    });
  });

  test('is verified by the verifier alone, without the rest of the project', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'bundle.jsonl'), await log.bundle(scope));
      await writeFile(
        join(folder, 'verifier.ts'),
        await readFile(new URL('../../../src/audit/verifier.ts', import.meta.url)),
      );
      await writeFile(
        join(folder, 'run.mjs'),
        `import { verifyBundle } from './verifier.ts';\nprocess.stdout.write(JSON.stringify(await verifyBundle('bundle.jsonl', { key: ${JSON.stringify(VERIFIER_KEY)} })));`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, ['run.mjs'], { cwd: folder });
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'valid', entries: 40 });
    });
  });
});

describe('a bundle that ends too early', () => {
  test('is truncated, wherever it was cut', async () => {
    const bundle = await log.bundle({ start: 250, end: 262, treeSize: 270, checkpointsAt: [254, 258] });
    const ends = [...bundle.entries()].filter(([, byte]) => byte === 0x0a).map(([position]) => position + 1);
    const isNearAnEnd = (length: number) => ends.some((end) => Math.abs(end - length) < 3);
    for (let length = 0; length < bundle.length; length += 1) {
      if (length > 40 && length % 11 !== 0 && !isNearAnEnd(length)) continue;
      const { verdict } = await verify(bundle.subarray(0, length));
      expect({ length, verdict }).toEqual({
        length,
        verdict: length < '{"header":'.length ? 'not-a-bundle' : 'truncated',
      });
    }
  });

  test('names the first entry that is not there', async () => {
    const lines = linesOf(await log.bundle(scope));
    const cut = lines.findIndex((line) => seqOf(line) === 265);
    expect(await verify(fromLines(lines.slice(0, cut)))).toEqual({
      verdict: 'truncated',
      seq: 265,
      how: 'the file ends before its manifest',
    });
    expect(await verify(fromLines(lines.slice(0, -1)))).toEqual({
      verdict: 'truncated',
      how: 'the file ends before its manifest',
    });
  });
});

describe('a fork', () => {
  const other = new ExportedLog(300, { story: 'b', from: 258 });

  test('is seen where a checkpoint of the log has another root than its entries', async () => {
    const bundle = await log.bundle({
      ...scope,
      checkpoint: ({ size, note }) => ({ size, note: size === 263 ? other.checkpoint(263) : note }),
    });
    expect(await verify(bundle)).toEqual({
      verdict: 'forked',
      seq: 256,
      how: 'the checkpoint of 263 entries in the bundle has another root than the entries lead to',
    });
    const atTheEnd = await log.bundle({
      ...scope,
      checkpoint: ({ size, note }) => ({ size, note: size === 300 ? other.checkpoint(300) : note }),
    });
    expect(await verify(atTheEnd)).toMatchObject({ verdict: 'forked', seq: 280 });
  });

  test('is seen where leaf and sealed hash were both exchanged in the database', async () => {
    const bundle = await log.bundle({
      ...scope,
      entries: (entry) => (entry.seq === 260 ? { ...other.entries[260]!, personal: null, ids: null } : entry),
    });
    expect(await verify(bundle)).toMatchObject({ verdict: 'forked', seq: 256 });
  });

  test('is seen where somebody kept a checkpoint of another history', async () => {
    const bundle = await log.bundle(scope);
    for (const size of [259, 270, 280, 300])
      expect(await verify(bundle, { seen: other.checkpoint(size) })).toMatchObject({
        verdict: 'forked',
        how: `the checkpoint of ${size} entries seen before has another root than the entries lead to`,
      });
    for (const size of [240, 247, 258, 280, 300])
      expect(await verify(bundle, { seen: log.checkpoint(size) })).toMatchObject({ verdict: 'valid', seen: 'agrees' });
  });

  test('where the kept checkpoint cannot be compared, the result says so', async () => {
    expect(await verify(await log.bundle(scope), { seen: log.checkpoint(100) })).toMatchObject({
      verdict: 'valid',
      seen: 'not-compared',
    });
    expect(await verify(await log.bundle({ ...scope, treeSize: 280 }), { seen: other.checkpoint(300) })).toMatchObject({
      verdict: 'valid',
      seen: 'not-compared',
    });
  });

  test('only a checkpoint of this log is compared', async () => {
    const bundle = await log.bundle(scope);
    const foreign = signCheckpoint({ origin: OTHER_KEY.name, size: 270, root: log.tree.root(270) }, OTHER_KEY);
    for (const seen of [
      '',
      'nothing',
      foreign,
      log.checkpoint(270).replace('270', '271'),
      log.checkpoint(270).slice(0, -30),
    ])
      expect(await verify(bundle, { seen })).toMatchObject({ verdict: 'not-a-checkpoint' });
  });
});

describe('what the database says about what was logged', () => {
  test('an altered leaf is named, though the export was signed', async () => {
    const bundle = await log.bundle({
      ...scope,
      entries: (entry) => (entry.seq === 261 ? { ...entry, leaf: entry.leaf.replace('success', 'denied') } : entry),
    });
    expect(await verify(bundle)).toEqual({ verdict: 'tampered', seq: 261, how: 'its leaf was altered' });
  });

  test('so are altered personal fields, those of somebody else, and some where there were none', async () => {
    const someone = log.entries[261]!.personal!;
    for (const [seq, personal] of [
      [261, { ...someone, fields: { ...someone.fields, address: '198.51.100.1' } }],
      [262, someone],
      [264, someone],
      [261, { ...someone, salt: `${someone.salt}AAAA` }],
    ] as const) {
      const bundle = await log.bundle({
        ...scope,
        entries: (entry) => (entry.seq === seq ? { ...entry, personal } : entry),
      });
      expect(await verify(bundle)).toEqual({ verdict: 'tampered', seq, how: 'its personal fields were altered' });
    }
  });
});

describe('what is no bundle, or no key of its log', () => {
  test.each([
    ['nothing', ''],
    ['an empty line', '\n'],
    ['text', 'hello\nworld\n'],
    ['JSON', '{"a":1}\n'],
    ['a checkpoint', log.checkpoint(100)],
    ['a key', VERIFIER_KEY],
    ['bytes', '\u0000\u0001\u0002'],
  ])('%s is no bundle', async (_, text) => {
    expect(await verify(Buffer.from(text))).toMatchObject({ verdict: 'not-a-bundle' });
  });

  test('a file without lines is given up long before its end', async () => {
    let read = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (; read < 1_000; read += 1) yield Buffer.alloc(2 ** 20, 0x20);
    };
    expect(await verifyBundle(Readable.from(endless()), { key: VERIFIER_KEY })).toMatchObject({
      verdict: 'not-a-bundle',
    });
    expect(read).toBeLessThan(50);
  });

  test.each([
    ["another log's", formatVerifierKey(OTHER_KEY)],
    ['one of the same name', formatVerifierKey(signingKey(LOG_KEY.name, Buffer.alloc(32, 9)))],
    ["a witness's", formatVerifierKey(WITNESS)],
    ['one with a changed id', VERIFIER_KEY.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['half of one', VERIFIER_KEY.slice(0, -10)],
    ['none', ''],
    ['a secret', 'PRIVATE+KEY+a+00000000+AAAA'],
  ])('%s key is the wrong one', async (_, key) => {
    expect(await verify(await log.bundle(scope), { key })).toMatchObject({ verdict: 'wrong-key' });
  });

  test('who signs a bundle anew with a key of their own shows themselves', async () => {
    const forged = await new ExportedLog(300, { key: signingKey(LOG_KEY.name, Buffer.alloc(32, 9)) }).bundle(scope);
    expect(await verify(forged)).toMatchObject({ verdict: 'wrong-key' });
  });

  test.each<Record<string, number>>([
    { start: 280, end: 240 },
    { start: -1 },
    { end: 301 },
    { tree_size: 2 ** 60 },
    { start: 240.5 },
  ])('a header that says %j is none, though it was signed', async (claim) => {
    const lines = linesOf(await log.bundle(scope));
    const [tag, content] = (JSON.parse(lines[0]!) as { header: string }).header.split('\n');
    const claimed = canonicalJson({ ...(JSON.parse(content!) as Record<string, JsonValue>), ...claim });
    const line = `${JSON.stringify({ header: signNote(`${tag}\n${claimed}\n`, LOG_KEY) })}\n`;
    expect(await verify(fromLines([line, ...lines.slice(1)]))).toEqual({
      verdict: 'tampered',
      how: 'the header was exported with numbers that cannot be',
    });
  });

  test('other notes of the same key are not taken for lines of a bundle', async () => {
    const lines = linesOf(await log.bundle(scope));
    const content = (JSON.parse(lines[0]!) as { header: string }).header.split('\n')[1]!;
    for (const tag of ['countersign-bundle/1 manifest', 'countersign-bundle/2 header', LOG_KEY.name]) {
      const line = `${JSON.stringify({ header: signNote(`${tag}\n${content}\n`, LOG_KEY) })}\n`;
      expect(await verify(fromLines([line, ...lines.slice(1)]))).toMatchObject({ verdict: 'tampered' });
    }
  });
});

test('what reading the source throws is thrown, not judged', async () => {
  const bundle = await log.bundle(scope);
  const failing = async function* (): AsyncGenerator<Buffer> {
    yield* inTurn([bundle.subarray(0, 9_000)]);
    throw new Error('the disk is gone');
  };
  await expect(verifyBundle(Readable.from(failing()), { key: VERIFIER_KEY })).rejects.toThrow('the disk is gone');
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bundle-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
