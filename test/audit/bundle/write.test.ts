import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { BundleEntry } from '../../../src/audit/bundle/format.ts';
import { writeBundle } from '../../../src/audit/bundle/write.ts';
import { openNote } from '../../../src/audit/notes/signed-note.ts';
import { ExportedLog, inTurn, linesOf, LOG_KEY, seqOf } from './exported-log.ts';

const log = new ExportedLog(600);
const incomplete = expect.objectContaining({ code: 'bundle-incomplete' });

describe('writeBundle', () => {
  test('writes header, digests before the entries they cover, checkpoints where the log had their size, and a manifest', async () => {
    const lines = linesOf(await log.bundle({ start: 254, end: 259, treeSize: 300, checkpointsAt: [254, 257, 259] }));
    expect(lines.map((line) => seqOf(line) ?? /^\{"(\w+)"/.exec(line)?.[1])).toEqual([
      'header',
      'checkpoint',
      'digests',
      254,
      255,
      'digests',
      256,
      'checkpoint',
      257,
      258,
      'checkpoint',
      'checkpoint',
      'manifest',
    ]);
  });

  test('every line of digests, and the manifest, holds the hash of the file before it', async () => {
    const lines = linesOf(await log.bundle({ start: 0, end: 600, checkpointsAt: [100, 256, 512] }));
    const signed = lines
      .map((line, index) => ({ line, index }))
      .filter(({ line }) => /^\{"(digests|manifest)"/.test(line));
    expect(signed).toHaveLength(4);
    for (const { line, index } of signed) {
      const [note] = Object.values(JSON.parse(line) as Record<string, string>);
      const content = JSON.parse(openNote(note!, LOG_KEY).split('\n')[1]!) as { before: string };
      expect(content.before).toBe(createHash('sha256').update(lines.slice(0, index).join('')).digest('base64'));
    }
  });

  test('says what it wrote', async () => {
    const parts = {
      scope: await scopeOf(3, 17, 20),
      entries: inTurn(log.entries.slice(3, 17)),
      checkpoints: inTurn([checkpointAt(10), checkpointAt(20)]),
    };
    const writer = writeBundle(parts, LOG_KEY);
    let step = await writer.next();
    while (!step.done) step = await writer.next();
    expect(step.value).toEqual({
      entries: 14,
      erased: log.entries.slice(3, 17).filter(({ personal, leaf }) => !personal && leaf.includes('"personal"')).length,
      checkpoints: 2,
    });
  });

  test('hands over what it has after each block', async () => {
    let read = 0;
    const counted = async function* (): AsyncGenerator<BundleEntry> {
      for (const entry of log.entries) {
        read += 1;
        yield entry;
      }
    };
    const writer = writeBundle(
      { scope: await scopeOf(0, 600, 600), entries: counted(), checkpoints: inTurn([checkpointAt(600)]) },
      LOG_KEY,
    );
    await writer.next();
    expect(read).toBe(256);
    await writer.return({ entries: 0, erased: 0, checkpoints: 0 });
  });

  test('closes what it reads from when nobody wants the rest', async () => {
    const closed: string[] = [];
    const closing = async function* <T>(name: string, values: readonly T[]): AsyncGenerator<T> {
      try {
        yield* values;
      } finally {
        closed.push(name);
      }
    };
    const writer = writeBundle(
      {
        scope: await scopeOf(0, 600, 600),
        entries: closing('entries', log.entries),
        checkpoints: closing('checkpoints', [checkpointAt(10), checkpointAt(600)]),
      },
      LOG_KEY,
    );
    await writer.next();
    await writer.return({ entries: 0, erased: 0, checkpoints: 0 });
    expect(closed.toSorted()).toEqual(['checkpoints', 'entries']);
  });

  test.each<[string, (entries: readonly BundleEntry[]) => readonly BundleEntry[]]>([
    ['an entry is missing', (entries) => entries.toSpliced(4, 1)],
    ['the first is missing', (entries) => entries.slice(1)],
    ['the last is missing', (entries) => entries.slice(0, -1)],
    ['there are none', () => []],
    ['one is there twice', (entries) => entries.toSpliced(4, 0, entries[4]!)],
    ['two stand the wrong way round', (entries) => entries.with(4, entries[5]!).with(5, entries[4]!)],
    ['there is one too many', (entries) => [...entries, log.entries[20]!]],
  ])('signs nothing where %s', async (_, change) => {
    await expect(written(change(log.entries.slice(10, 20)), [20])).rejects.toThrow(incomplete);
  });

  test.each([
    ['the one that closes it', [15]],
    ['any', []],
    ['the right order', [15, 12, 20]],
    ['one of each', [15, 15, 20]],
    ['a place for one before the range', [9, 20]],
    ['a place for one after the last', [20, 25]],
  ])('signs nothing where checkpoints do not have %s', async (_, sizes) => {
    await expect(written(log.entries.slice(10, 20), sizes)).rejects.toThrow(incomplete);
  });
});

async function scopeOf(start: number, end: number, treeSize: number) {
  return {
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-12-01T00:00:00.000Z',
    range: { start, end },
    treeSize,
    proof: { left: [], right: [] },
  };
}

function checkpointAt(size: number) {
  return { size, note: log.checkpoint(size) };
}

async function written(entries: readonly BundleEntry[], checkpoints: readonly number[]): Promise<string> {
  let text = '';
  for await (const piece of writeBundle(
    { scope: await scopeOf(10, 20, 20), entries: inTurn(entries), checkpoints: inTurn(checkpoints.map(checkpointAt)) },
    LOG_KEY,
  ))
    text += piece;
  return text;
}
