import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/platform/canonical-json.ts';
import { leafTextHash } from '../../../src/audit/leaf.ts';
import { sha256 } from '../tree/reference.ts';
import { ExportedLog, fromLines, linesOf, seqOf, verify } from './exported-log.ts';

/** Small, so that thousands of them can be verified; with two blocks, checkpoints, and leaves before and after it. */
const scope = { start: 250, end: 264, treeSize: 270, checkpointsAt: [253, 256, 260] };
const log = new ExportedLog(270);
let lines: readonly string[];
let donors: readonly string[];

beforeAll(async () => {
  lines = linesOf(await log.bundle(scope));
  const exports = [
    { ...scope, entries: (entry: (typeof log.entries)[number]) => ({ ...entry, personal: null, ids: null }) },
    { ...scope, end: 262 },
    { ...scope, start: 252, checkpointsAt: [253] },
    { ...scope, treeSize: 264 },
  ];
  const others = [
    ...(await Promise.all(exports.map((other) => log.bundle(other)))),
    await new ExportedLog(270, { story: 'b', from: 255 }).bundle(scope),
  ];
  donors = others.flatMap(linesOf).filter((line) => !lines.includes(line));
});

/** What is done to a bundle, and which entry must be named; null where none was hit. */
interface Mutated {
  readonly bundle: Buffer;
  readonly seq: number | null;
}

const place = fc.nat().map((pick) => pick % lines.length);
const entryPlace = fc.nat().map((pick) => {
  const entries = [...lines.entries()].filter(([, line]) => seqOf(line) !== null).map(([index]) => index);
  return entries[pick % entries.length]!;
});

/** One byte of the file becomes another one. */
const alteredByte = fc
  .tuple(place, fc.nat(), fc.integer({ min: 1, max: 255 }))
  .map(([index, position, change]): Mutated => {
    const line = Buffer.from(lines[index]!);
    line[position % line.length]! ^= change;
    return {
      bundle: Buffer.concat([fromLines(lines.slice(0, index)), line, fromLines(lines.slice(index + 1))]),
      seq: seqOf(lines[index]!),
    };
  });

/** Bytes are put in or taken out. */
const splicedBytes = fc
  .tuple(place, fc.nat(), fc.nat(5), fc.uint8Array({ maxLength: 5 }))
  .map(([index, position, removed, added]): Mutated => {
    const line = Buffer.from(lines[index]!);
    const at = position % line.length;
    const changed = Buffer.concat([line.subarray(0, at), added, line.subarray(Math.min(at + removed, line.length))]);
    return {
      bundle: Buffer.concat([fromLines(lines.slice(0, index)), changed, fromLines(lines.slice(index + 1))]),
      seq: null,
    };
  });

const removedEntry = entryPlace.map((index): Mutated => ({
  bundle: fromLines(lines.toSpliced(index, 1)),
  seq: seqOf(lines[index]!),
}));

const doubledEntry = fc.tuple(entryPlace, fc.nat()).map(([index, pick]): Mutated => {
  const later = index + 1 + (pick % (lines.length - 1 - index));
  return { bundle: fromLines(lines.toSpliced(later, 0, lines[index]!)), seq: seqOf(lines[index]!) };
});

const exchangedEntries = fc.tuple(entryPlace, entryPlace).map(([one, two]): Mutated => ({
  bundle: fromLines(lines.with(one, lines[two]!).with(two, lines[one]!)),
  seq: seqOf(lines[Math.min(one, two)]!),
}));

/** A value of an entry becomes another one of its kind, written as an exporter would write it. */
const changedValue = fc
  .tuple(entryPlace, fc.nat(), fc.string({ minLength: 1, maxLength: 8 }))
  .map(([index, pick, text]): Mutated => {
    const entry = JSON.parse(lines[index]!) as Record<string, unknown>;
    const changes = [
      () => ({ ...entry, leaf: JSON.stringify({ ...(JSON.parse(entry['leaf'] as string) as object), outcome: text }) }),
      () => ({ ...entry, ids: { actor: text } }),
      () => ({ ...entry, personal: { salt: Buffer.alloc(32, pick).toString('base64'), fields: { address: text } } }),
      () => ({ ...entry, seq: pick }),
    ];
    return {
      bundle: fromLines(lines.with(index, `${JSON.stringify(changes[pick % changes.length]!())}\n`)),
      seq: seqOf(lines[index]!),
    };
  });

/** A leaf is exchanged, and with it all that can be computed without the key: its line, the line's digest, and its hash in the tree. */
const changedWithHashes = fc.tuple(entryPlace, fc.string()).map(([index, text]): Mutated => {
  const entry = JSON.parse(lines[index]!) as { seq: number; leaf: string };
  const line = `${JSON.stringify({ ...entry, leaf: JSON.stringify({ ...(JSON.parse(entry.leaf) as object), action: text }) })}\n`;
  const digestsAt = lines.findLastIndex((other, at) => at < index && other.startsWith('{"digests"'));
  const { digests: note } = JSON.parse(lines[digestsAt]!) as { digests: string };
  const content = JSON.parse(note.split('\n')[1]!) as { first: number; leaves: string; lines: string };
  const put = (hashes: string, hash: Uint8Array) =>
    Buffer.from(hashes, 'base64')
      .fill(hash, (entry.seq - content.first) * 32, (entry.seq - content.first + 1) * 32)
      .toString('base64');
  const { leaf } = JSON.parse(line) as { leaf: string };
  const changed = canonicalJson({
    ...content,
    leaves: put(content.leaves, leafTextHash(leaf)),
    lines: put(content.lines, sha256(Buffer.from(line))),
  });
  const digests = `${JSON.stringify({ digests: note.replace(note.split('\n')[1]!, changed) })}\n`;
  return { bundle: fromLines(lines.with(index, line).with(digestsAt, digests)), seq: content.first };
});

/** Any lines removed, doubled, moved, or replaced by genuine ones of other bundles of this log and of its fork. */
const shuffledLines = fc
  .array(fc.tuple(fc.constantFrom('remove', 'double', 'move', 'replace', 'insert'), fc.nat(), fc.nat()), {
    minLength: 1,
    maxLength: 4,
  })
  .map((steps): Mutated => {
    let changed = [...lines];
    for (const [step, pick, other] of steps) {
      const [at, line] = [pick % changed.length, changed[pick % changed.length]!];
      const donor = donors[other % donors.length]!;
      if (step === 'remove') changed = changed.toSpliced(at, 1);
      if (step === 'double') changed = changed.toSpliced(other % changed.length, 0, line);
      if (step === 'move') changed = changed.toSpliced(at, 1).toSpliced(other % changed.length, 0, line);
      if (step === 'replace') changed[at] = donor;
      if (step === 'insert') changed = changed.toSpliced(at, 0, donor);
      if (changed.length === 0) break;
    }
    return { bundle: fromLines(changed), seq: null };
  });

test('no mutation passes, and where an entry was hit, it is named', async () => {
  const seen = new Map<string, number>();
  const original = fromLines(lines);
  const mutations = fc.oneof(
    { weight: 4, arbitrary: alteredByte },
    { weight: 2, arbitrary: splicedBytes },
    removedEntry,
    doubledEntry,
    exchangedEntries,
    { weight: 2, arbitrary: changedValue },
    { weight: 2, arbitrary: changedWithHashes },
    { weight: 3, arbitrary: shuffledLines },
  );
  await fc.assert(
    fc.asyncProperty(mutations, async ({ bundle, seq }) => {
      fc.pre(!bundle.equals(original));
      const result = await verify(bundle);
      seen.set(result.verdict, (seen.get(result.verdict) ?? 0) + 1);
      expect(result.verdict).not.toBe('valid');
      expect(result.verdict).not.toBe('wrong-key');
      if (seq !== null) expect(result).toMatchObject({ verdict: 'tampered', seq });
    }),
    { numRuns: 6_000 },
  );
  expect(seen.get('tampered')).toBeGreaterThan(4_000);
});
