import { canonicalJson } from '../../../src/platform/canonical-json.ts';
import { hash } from 'node:crypto';
import { leafTextHash } from '../../../src/audit/leaf.ts';
import type { Random } from '../random.ts';

type Lines = readonly string[];

/** A genuine bundle, and lines of other genuine ones that are not in it. Lines with their newlines. */
export interface Genuine {
  readonly lines: Lines;
  readonly donors: Lines;
}

interface Entry {
  readonly seq: number;
  readonly leaf: string;
}

/** What somebody without the key can do to a bundle. */
export const BUNDLE_MUTATIONS: Readonly<Record<string, (bundle: Genuine, random: Random) => Buffer>> = {
  'a byte altered': ({ lines }, random) => {
    const bytes = bytesOf(lines);
    const at = random.int(0, bytes.length - 1);
    bytes[at]! ^= random.int(1, 255);
    return bytes;
  },
  'bytes put in': ({ lines }, random) => {
    const bytes = bytesOf(lines);
    const at = random.int(0, bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(Array.from({ length: random.int(1, 40) }, () => random.int(0, 255))),
      bytes.subarray(at),
    ]);
  },
  'bytes taken out': ({ lines }, random) => {
    const bytes = bytesOf(lines);
    const at = random.int(0, bytes.length - 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.int(1, 400))]);
  },
  'the end cut off': ({ lines }, random) => bytesOf(lines).subarray(0, random.int(0, bytesOf(lines).length - 1)),
  'lines cut off the end': ({ lines }, random) => bytesOf(lines.slice(0, random.int(0, lines.length - 1))),
  'a line removed': ({ lines }, random) => bytesOf(lines.toSpliced(placeIn(lines, random), 1)),
  'a line doubled': ({ lines }, random) => bytesOf(lines.toSpliced(random.int(0, lines.length), 0, random.pick(lines))),
  'a line moved': ({ lines }, random) => {
    const at = placeIn(lines, random);
    return bytesOf(lines.toSpliced(at, 1).toSpliced(placeIn(lines, random), 0, lines[at]!));
  },
  'two lines exchanged': ({ lines }, random) => {
    const [one, two] = [placeIn(lines, random), placeIn(lines, random)];
    return bytesOf(lines.with(one, lines[two]!).with(two, lines[one]!));
  },
  'a line of another bundle put in': ({ lines, donors }, random) =>
    bytesOf(lines.toSpliced(random.int(0, lines.length), 0, random.pick(donors))),
  'a line replaced by that of another bundle': ({ lines, donors }, random) =>
    bytesOf(lines.with(placeIn(lines, random), random.pick(donors))),
  'a value of an entry': ({ lines }, random) => {
    const at = entryPlace(lines, random);
    const entry = JSON.parse(lines[at]!) as Entry;
    const forged = Buffer.from(Array.from({ length: 32 }, () => random.int(0, 255))).toString('base64');
    const change = random.pick<() => object>([
      () => ({ ...entry, leaf: changedLeaf(entry.leaf, random) }),
      () => ({ ...entry, ids: { actor: `person-${random.int(0, 999_999)}` } }),
      () => ({ ...entry, ids: null }),
      () => ({ ...entry, personal: { salt: forged, fields: { address: '192.0.2.1' } } }),
      () => ({ ...entry, personal: null }),
      () => ({ ...entry, seq: random.int(0, 1_000) }),
    ]);
    return bytesOf(lines.with(at, `${JSON.stringify(change())}\n`));
  },
  'an entry with its leaf and its digests': (bundle, random) => forgedEntry(bundle.lines, random),
  'a number in a signed line': ({ lines }, random) => {
    const signed = lines.flatMap((line, at) => (isEntry(line) ? [] : [at]));
    const at = random.pick(signed);
    const numbers = [...lines[at]!.matchAll(/\d+/g)];
    const number = random.pick(numbers);
    const changed = String(Number(number[0]) + random.int(1, 9));
    return bytesOf(
      lines.with(at, lines[at]!.slice(0, number.index) + changed + lines[at]!.slice(number.index + number[0].length)),
    );
  },
};

/** All that can be computed without the key: the entry's line, its digest, and its hash in the tree. */
function forgedEntry(lines: Lines, random: Random): Buffer {
  const at = entryPlace(lines, random);
  const entry = JSON.parse(lines[at]!) as Entry;
  const leaf = changedLeaf(entry.leaf, random);
  const line = `${JSON.stringify({ ...entry, leaf })}\n`;
  const digestsAt = lines.findLastIndex((other, index) => index < at && other.startsWith('{"digests"'));
  const { digests: note } = JSON.parse(lines[digestsAt]!) as { digests: string };
  const text = note.split('\n')[1]!;
  const content = JSON.parse(text) as { first: number; leaves: string; lines: string };
  const put = (hashes: string, one: Uint8Array) =>
    Buffer.from(hashes, 'base64')
      .fill(one, (entry.seq - content.first) * 32, (entry.seq - content.first + 1) * 32)
      .toString('base64');
  const changed = canonicalJson({
    ...content,
    leaves: put(content.leaves, leafTextHash(leaf)),
    lines: put(content.lines, hash('sha256', line, 'buffer')),
  });
  return bytesOf(lines.with(at, line).with(digestsAt, `${JSON.stringify({ digests: note.replace(text, changed) })}\n`));
}

function changedLeaf(leaf: string, random: Random): string {
  return canonicalJson({ ...(JSON.parse(leaf) as object), action: `approval.${random.int(0, 999_999)}` });
}

function isEntry(line: string): boolean {
  return line.startsWith('{"seq":');
}

function entryPlace(lines: Lines, random: Random): number {
  return random.pick(lines.flatMap((line, at) => (isEntry(line) ? [at] : [])));
}

function placeIn(lines: Lines, random: Random): number {
  return random.int(0, lines.length - 1);
}

function bytesOf(lines: Lines): Buffer {
  return Buffer.from(lines.join(''));
}
