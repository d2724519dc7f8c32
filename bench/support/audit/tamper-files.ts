import { Readable } from 'node:stream';
import { type BundleParts, writeBundle } from '../../../src/audit/bundle/write.ts';
import { InvalidProof } from '../../../src/audit/merkle.ts';
import { MalformedBase64 } from '../../../src/audit/notes/base64.ts';
import { openCheckpoint, signCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey } from '../../../src/audit/notes/keys.ts';
import { MalformedNote, UnverifiedNote } from '../../../src/audit/notes/signed-note.ts';
import { formatLogProof, MalformedLogProof, openLogProof } from '../../../src/audit/notes/tlog-proof.ts';
import { proveInclusion } from '../../../src/audit/tree/proofs.ts';
import { appendLeaves, nodesFromTiles } from '../../../src/audit/tree/tiles.ts';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import type { Random } from '../random.ts';
import { BUNDLE_MUTATIONS, type Genuine } from './bundle-mutations.ts';
import { SyntheticLog } from './synthetic-log.ts';
import { type Matrix, MatrixCount } from './tamper-matrix.ts';

/** Small, so that thousands can be verified; with two blocks, checkpoints, and leaves before and after it. */
const SIZE = 270;
const RANGE = { start: 250, end: 264 };
const STRIDE = 3;
const REFUSALS = [MalformedNote, UnverifiedNote, MalformedLogProof, MalformedBase64, InvalidProof];

/** Tampers with bundles, and has the verifier look at each. */
export async function tamperWithBundles(times: number, random: Random, seed: number): Promise<Matrix> {
  const log = new SyntheticLog(seed);
  const key = formatVerifierKey(log.key);
  const genuine = await genuineBundle(log);
  const original = Buffer.from(genuine.lines.join(''));
  const verdictOn = async (bytes: Buffer) => (await verifyBundle(Readable.from([bytes]), { key })).verdict;
  if ((await verdictOn(original)) !== 'valid')
    throw new Error('the bundle that is to be tampered with is not valid as it is');
  const matrix = new MatrixCount();
  while (matrix.tried < times) {
    const [kind, mutate] = random.pick(Object.entries(BUNDLE_MUTATIONS));
    const mutated = mutate(genuine, random);
    if (!mutated.equals(original)) matrix.add(kind, (await verdictOn(mutated)) !== 'valid');
  }
  return matrix;
}

async function genuineBundle(log: SyntheticLog): Promise<Genuine> {
  const lines = await linesOf(log, await log.stretch(RANGE, SIZE, STRIDE));
  const others = await Promise.all([
    log.stretch({ start: 248, end: 264 }, SIZE, STRIDE),
    log.stretch(RANGE, SIZE - 2, STRIDE),
    log.stretch({ start: 250, end: 262 }, SIZE, 4),
    log.stretch(RANGE, SIZE, STRIDE).then((parts) => ({ ...parts, entries: withoutPersonal(parts.entries) })),
  ]);
  const donors = (await Promise.all(others.map((parts) => linesOf(log, parts)))).flat();
  return { lines, donors: donors.filter((line) => !lines.includes(line)) };
}

async function* withoutPersonal(entries: BundleParts['entries']): BundleParts['entries'] {
  for await (const entry of entries) yield { ...entry, personal: null };
}

async function linesOf(log: SyntheticLog, parts: BundleParts): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of writeBundle(parts, log.key)) pieces.push(piece);
  return pieces.join('').match(/[^\n]*\n/g) ?? [];
}

/** Tampers with checkpoints' notes, and with proofs that hold one, character by character. */
export async function tamperWithNotes(times: number, random: Random, seed: number): Promise<Matrix> {
  const log = new SyntheticLog(seed);
  const hashes = Array.from({ length: SIZE }, (_, seq) => log.entry(seq).leafHash);
  const { root, changed } = appendLeaves(0, [], hashes);
  const note = signCheckpoint({ origin: log.key.name, size: SIZE, root }, log.key);
  const tiles = new Map(changed.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
  const reader = nodesFromTiles(async (wanted) =>
    wanted.map(({ level, index }) => tiles.get(`${level}/${index}`) ?? new Uint8Array()),
  );
  const matrix = new MatrixCount();
  while (matrix.tried < times) {
    const index = random.int(0, SIZE - 1);
    const proof = formatLogProof({ index, hashes: await proveInclusion(index, SIZE, reader), checkpoint: note });
    const open = (text: string) => openLogProof(text, hashes[index]!, log.key);
    const [kind, text, look] = random.pick<[string, string, (text: string) => unknown]>([
      ['a checkpoint', note, (given) => openCheckpoint(given, log.key)],
      ['a proof of an entry', proof, open],
    ]);
    if (isRefused(() => look(text))) throw new Error(`${kind} that is to be tampered with is not valid as it is`);
    const mutated = mutatedText(text, random);
    if (mutated !== text)
      matrix.add(
        kind,
        isRefused(() => look(mutated)),
        JSON.stringify(mutated),
      );
  }
  return matrix;
}

function mutatedText(text: string, random: Random): string {
  const at = random.int(0, text.length - 1);
  const other = String.fromCodePoint(random.pick([random.int(32, 126), 10, random.int(160, 0x2fff)]));
  return random.pick([
    () => text.slice(0, at) + other + text.slice(at + 1),
    () => text.slice(0, at) + other + text.slice(at),
    () => text.slice(0, at) + text.slice(at + random.int(1, 60)),
    () => text.slice(0, at),
    () =>
      text
        .split('\n')
        .toSpliced(random.int(0, text.split('\n').length - 1), 1)
        .join('\n'),
  ])();
}

function isRefused(look: () => unknown): boolean {
  try {
    look();
    return false;
  } catch (error) {
    if (REFUSALS.some((refusal) => error instanceof refusal)) return true;
    throw error;
  }
}
