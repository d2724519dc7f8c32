import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { leafText, leafTextHash } from '../../../src/audit/leaf.ts';
import { ExportedLog, fromLines, linesOf, LOG_KEY, seqOf, verify } from './exported-log.ts';

/** Two blocks, [240, 256) and [256, 280), of a log of 300. */
const scope = { start: 240, end: 280, treeSize: 300, checkpointsAt: [244, 256, 263, 280] };
const log = new ExportedLog(300);
let lines: readonly string[];
/** The same stretch, exported again after somebody was erased. */
let erasedLines: readonly string[];

beforeAll(async () => {
  lines = linesOf(await log.bundle(scope));
  erasedLines = linesOf(
    await log.bundle({
      ...scope,
      entries: (entry) => (entry.seq === 242 ? { ...entry, personal: null, ids: null } : entry),
    }),
  );
});

describe('an entry', () => {
  test.each<[string, number, (line: string) => string, string]>([
    ['its outcome', 250, (line) => line.replace('success', 'denied'), 'its leaf was altered'],
    ['its commitment', 250, (line) => line.replace(/(\\"personal\\":\\")../, '$1zz'), 'its leaf was altered'],
    ["somebody's address", 250, (line) => line.replace('203.0.113', '198.51.100'), 'its personal fields were altered'],
    ['the salt', 250, (line) => line.replace(/"salt":"../, '"salt":"zz'), 'its personal fields were altered'],
    ['an alias', 250, (line) => line.replace('person-250', 'person-251'), 'its aliases were altered'],
    [
      'personal fields that are taken out',
      250,
      (line) => changeEntry(line, { personal: null }),
      'its aliases were altered, or its personal fields removed',
    ],
    ['aliases that are taken out', 250, (line) => changeEntry(line, { ids: null }), 'its aliases were altered'],
    [
      'aliases that are put in',
      265,
      (line) => changeEntry(line, { ids: { actor: 'jane' } }),
      'its aliases were altered, or its personal fields removed',
    ],
    ['its number', 250, (line) => line.replace('"seq":250', '"seq":251'), 'its line was altered'],
    ['a member more', 250, (line) => line.replace('{', '{"note":"fine",'), 'its line was altered'],
    ['a space more', 250, (line) => line.replace(':', ': '), 'its line was altered'],
    ['its line, cut short', 250, (line) => `${line.slice(0, -20)}\n`, 'its line was altered'],
    ['its line, made empty', 250, () => '\n', 'its line was altered'],
    [
      'the entry, for one of another history',
      250,
      (line) => changeEntry(line, new ExportedLog(251, { story: 'b' }).entries[250]!),
      'its leaf was altered',
    ],
  ])('that was altered is named: %s', async (_, seq, change, how) => {
    expect(await verify(fromLines(changeLine(placeOf(seq), change)))).toEqual({ verdict: 'tampered', seq, how });
  });

  test.each([240, 247, 255, 256, 262, 279])('%i, removed', async (seq) => {
    expect(await verify(fromLines(lines.toSpliced(placeOf(seq), 1)))).toEqual({
      verdict: 'tampered',
      seq,
      how: 'it is missing',
    });
  });

  test.each([
    [247, 248],
    [255, 256],
    [262, 263],
    [279, 280],
    [240, 254],
    [241, 256],
    [242, 270],
    [243, 280],
  ])('%i, there a second time after entry %i', async (seq, before) => {
    const second = before === 280 ? lines.length - 1 : placeOf(before);
    expect(await verify(fromLines(lines.toSpliced(second, 0, lines[placeOf(seq)]!)))).toEqual({
      verdict: 'tampered',
      seq,
      how: 'it was duplicated',
    });
  });

  test.each([
    [246, 247],
    [240, 279],
    [255, 256],
    [244, 270],
  ])('%i and %i, exchanged', async (one, two) => {
    const exchanged = lines.with(placeOf(one), lines[placeOf(two)]!).with(placeOf(two), lines[placeOf(one)]!);
    expect(await verify(fromLines(exchanged))).toEqual({ verdict: 'tampered', seq: one, how: 'it is out of order' });
  });

  test.each([
    [250, 243, 243],
    [255, 240, 240],
    [270, 250, 250],
    [250, 270, 251],
  ])('%i, moved before %i', async (from, to, seq) => {
    const moved = lines.toSpliced(placeOf(from), 1);
    const target = moved.findIndex((line) => seqOf(line) === to);
    const how = from < to ? 'it is missing' : 'it is out of order';
    const expected = from < to ? { seq: from, how: 'it is out of order' } : { seq, how };
    expect(await verify(fromLines(moved.toSpliced(target, 0, lines[placeOf(from)]!)))).toEqual({
      verdict: 'tampered',
      ...expected,
    });
  });

  test.each([
    ['with the number of the next', 250, () => forgedLine(250), 'another entry was added before it', 250],
    ['with a number of its own', 250, () => forgedLine(1_000), 'it is out of order', 250],
    ['as an empty line', 250, () => '\n', 'something was added before it', 250],
    ['as a line of something else', 250, () => '{"hello":"world"}\n', 'something was added before it', 250],
  ])('added %s', async (_, seq, forged, how, named) => {
    expect(await verify(fromLines(lines.toSpliced(placeOf(seq), 0, forged())))).toEqual({
      verdict: 'tampered',
      seq: named,
      how,
    });
  });

  test('added after the last, or before the digests of the next block', async () => {
    for (const place of [lines.length - 1, lines.length - 2, placeOf(256) - 1]) {
      expect(await verify(fromLines(lines.toSpliced(place, 0, forgedLine(700))))).toEqual({
        verdict: 'tampered',
        seq: 700,
        how: 'it was added',
      });
    }
  });

  test('put in the place of another', async () => {
    expect(await verify(fromLines(lines.with(placeOf(250), lines[placeOf(252)]!)))).toEqual({
      verdict: 'tampered',
      seq: 250,
      how: 'it is missing',
    });
    expect(await verify(fromLines(lines.with(placeOf(250), lines[placeOf(245)]!)))).toEqual({
      verdict: 'tampered',
      seq: 250,
      how: 'it is missing',
    });
  });

  test('altered together with its digests: the digests do not open any more, and the block is named by its first entry', async () => {
    const altered = changeEntry(lines[placeOf(261)]!, { leaf: log.entries[261]!.leaf.replace('success', 'denied') });
    const digests = lines[placeOf(256) - 1]!.replace(
      base64Of(256, (seq) => sha256(lines[placeOf(seq)]!)),
      base64Of(256, (seq) => sha256(seq === 261 ? altered : lines[placeOf(seq)]!)),
    ).replace(
      base64Of(256, (seq) => leafHashOf(lines[placeOf(seq)]!)),
      base64Of(256, (seq) => leafHashOf(seq === 261 ? altered : lines[placeOf(seq)]!)),
    );
    expect(digests).not.toBe(lines[placeOf(256) - 1]);
    const result = await verify(fromLines(lines.with(placeOf(261), altered).with(placeOf(256) - 1, digests)));
    expect(result).toEqual({
      verdict: 'tampered',
      seq: 256,
      how: 'it is missing, or the digests of it and the entries after it were altered',
    });
  });

  test('the first of several is named', async () => {
    const several = lines
      .with(placeOf(270), '\n')
      .with(placeOf(258), '{}\n')
      .with(placeOf(248), lines[placeOf(248)]!.replace('person-248', 'person-1'));
    expect(await verify(fromLines(several))).toEqual({
      verdict: 'tampered',
      seq: 248,
      how: 'its aliases were altered',
    });
  });
});

describe('a block of entries with its digests', () => {
  test.each<[string, () => readonly string[], number, string]>([
    ['removed', () => lines.toSpliced(placeOf(240) - 1, 19), 240, 'it is missing, or out of order'],
    [
      'removed at the end',
      () => lines.toSpliced(placeOf(256) - 1, 26),
      256,
      'it is missing, or the digests of it and the entries after it were altered',
    ],
    [
      'there twice',
      () => lines.toSpliced(placeOf(256) - 1, 0, ...lines.slice(placeOf(240) - 1, placeOf(255) + 1)),
      240,
      'it was duplicated',
    ],
    ['without its digests', () => lines.toSpliced(placeOf(256) - 1, 1), 256, 'it was added'],
    [
      'with those of another export',
      () => lines.with(placeOf(256) - 1, erasedLines[placeOf(256) - 1]!),
      Number.NaN,
      'before entry 256, a line that is no entry was altered, added or removed',
    ],
  ])('%s', async (_, changed, seq, how) => {
    expect(await verify(fromLines(changed()))).toEqual({
      verdict: 'tampered',
      how,
      ...(!Number.isNaN(seq) && { seq }),
    });
  });

  test('from another export of the same entries, header, digests and all but the manifest', async () => {
    for (let cut = 1; cut < lines.length; cut += 1) {
      if (lines.slice(0, cut).join('') === erasedLines.slice(0, cut).join('')) continue;
      expect(await verify(fromLines([...lines.slice(0, cut), ...erasedLines.slice(cut)]))).toMatchObject({
        verdict: 'tampered',
      });
    }
  });
});

describe('a line that is no entry', () => {
  const checkpointOf = (size: number) =>
    lines.findIndex((line) => line.startsWith('{"checkpoint"') && line.includes(`${LOG_KEY.name}\\n${size}\\n`));

  test.each([0, ...[244, 256, 263, 280, 300].map((size) => -size), 1])(
    'is noticed wherever it is changed (%i)',
    async (which) => {
      const place = which === 0 ? 0 : which < 0 ? checkpointOf(-which) : lines.length - 1;
      const line = lines[place]!;
      for (let position = 0; position < line.length - 1; position += 3) {
        const changed = `${line.slice(0, position)}${line[position] === 'x' ? 'y' : 'x'}${line.slice(position + 1)}`;
        expect(await verify(fromLines(lines.with(place, changed)))).toMatchObject({ verdict: 'tampered' });
      }
    },
  );

  test('is noticed where it is removed, there twice or moved', async () => {
    for (const [place, line] of lines.entries()) {
      if (seqOf(line) !== null) continue;
      const isManifest = place === lines.length - 1;
      expect(await verify(fromLines(lines.toSpliced(place, 1)))).toMatchObject({
        verdict: isManifest ? 'truncated' : 'tampered',
      });
      expect(await verify(fromLines(lines.toSpliced(place, 0, line)))).toMatchObject({ verdict: 'tampered' });
      const moved = lines.toSpliced(place, 1);
      for (let target = 0; target <= moved.length; target += 5) {
        if (target !== place)
          expect(await verify(fromLines(moved.toSpliced(target, 0, line)))).toMatchObject({ verdict: 'tampered' });
      }
    }
  });

  test('a cosignature that is taken away, altered or added is noticed, though the log did not sign it', async () => {
    const place = checkpointOf(263);
    const { checkpoint } = JSON.parse(lines[place]!) as { checkpoint: string };
    const cosignature = checkpoint.trimEnd().split('\n').at(-1)!;
    for (const note of [
      checkpoint.replace(`${cosignature}\n`, ''),
      checkpoint.replace(cosignature, `${cosignature.slice(0, -4)}AAA=`),
      `${checkpoint}${cosignature}\n`,
    ]) {
      expect(await verify(fromLines(lines.with(place, `${JSON.stringify({ checkpoint: note })}\n`)))).toMatchObject({
        verdict: 'tampered',
        how: expect.stringContaining('a line that is no entry'),
      });
    }
  });

  test('the manifest is there once, at the end, and written the one way it can be', async () => {
    const manifest = lines.at(-1)!;
    const { manifest: note } = JSON.parse(manifest) as { manifest: string };
    const unusedBits = note.replace(
      /(.)=\n$/,
      (_, last: string) =>
        `${'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.at('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(last) ^ 1)}=\n`,
    );
    expect(Buffer.from(unusedBits.split(' ').at(-1)!, 'base64')).toEqual(
      Buffer.from(note.split(' ').at(-1)!, 'base64'),
    );
    const rewritten = [`${note}— a AAAAAAA=\n`, `${note}more`, note.trimEnd(), unusedBits].map(
      (text) => `${JSON.stringify({ manifest: text })}\n`,
    );
    const escaped = [
      manifest.replace('{', '{ '),
      manifest.replace('—', '\\u2014'),
      manifest.replace('}', ',"more":1}'),
      manifest.replace('\n', '\r\n'),
      `${manifest} \n`,
    ];
    for (const line of [...rewritten, ...escaped])
      expect(await verify(fromLines(lines.with(lines.length - 1, line)))).toMatchObject({ verdict: 'tampered' });
    for (const after of ['\n', ' ', manifest, lines[placeOf(250)]!, '{'])
      expect(await verify(Buffer.concat([fromLines(lines), Buffer.from(after)]))).toEqual({
        verdict: 'tampered',
        how: 'something was added after the manifest',
      });
  });
});

function placeOf(seq: number): number {
  return lines.findIndex((line) => seqOf(line) === seq);
}

function changeLine(place: number, change: (line: string) => string): readonly string[] {
  const changed = change(lines[place]!);
  if (changed === lines[place]) throw new Error('the test changes nothing');
  return lines.with(place, changed);
}

function changeEntry(line: string, members: object): string {
  const entry = { ...(JSON.parse(line) as object), ...members };
  return `${JSON.stringify(entry, ['seq', 'leaf', 'personal', 'salt', 'fields', 'address', 'user_agent', 'ids', 'actor', 'resource'])}\n`;
}

function forgedLine(seq: number): string {
  const at = new Date(0);
  const leaf = leafText({
    id: 'x',
    at,
    organization: 'x',
    actor: { type: 'person', ref: null, key: null },
    onBehalfOf: null,
    action: 'x',
    resource: { type: 'x', ref: 'x' },
    outcome: 'success',
    team: null,
    requestId: null,
    detail: {},
  });
  return `${JSON.stringify({ seq, leaf, personal: null, ids: null })}\n`;
}

function leafHashOf(line: string): Uint8Array {
  return leafTextHash((JSON.parse(line) as { leaf: string }).leaf);
}

function sha256(line: string): Buffer {
  return createHash('sha256').update(line).digest();
}

/** The hashes of a block as they stand in its line of digests. */
function base64Of(first: number, hashOf: (seq: number) => Uint8Array): string {
  return Buffer.concat(Array.from({ length: 280 - first }, (_, index) => hashOf(first + index))).toString('base64');
}
