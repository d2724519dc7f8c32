/**
 * Verifies a bundle of Countersign's audit log, offline. This file needs Node and nothing else, so that an auditor can read it
 * from top to bottom. The format is described in docs/AUDIT.md, "The bundle".
 *
 * It proves that the entries are those that the log's key committed to: all of them, in their order, unchanged. It cannot prove
 * that the key's holder showed nobody another history: for that, compare with a checkpoint kept outside (`seen`), or look for a
 * witness's cosignature on the checkpoint that is returned.
 */
import { createHash, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

export interface ValidBundle {
  readonly verdict: 'valid';
  /** The seq of the first entry, how many there are, and how many of them had personal fields that were erased. */
  readonly start: number;
  readonly entries: number;
  readonly erased: number;
  /** The period that was exported (RFC 3339): all of its entries are there, and perhaps some from just before and after it. */
  readonly from: string;
  readonly to: string;
  /** What the entries lead to: how many entries the log had then, and the signed note that says so, with its cosignatures. */
  readonly treeSize: number;
  readonly checkpoint: string;
  /** Entries that stand after others which are more than an hour younger: added with a moment of the past, or held up. */
  readonly late?: { readonly entries: number; readonly first: number };
  /** Whether the checkpoint from outside could be compared; not where the bundle does not show the tree of its size. */
  readonly seen?: 'agrees' | 'not-compared';
}

export interface RefusedBundle {
  readonly verdict: 'tampered' | 'truncated' | 'forked' | 'not-a-bundle' | 'wrong-key' | 'not-a-checkpoint';
  /** The first entry that is wrong; where that cannot be told (altered digests, a fork), the first that may be. */
  readonly seq?: number;
  readonly how: string;
}

/**
 * @param source the bundle: a path, or a stream of its bytes
 * @param options.key the log's verifier key (`name+id+base64`), had from elsewhere than the bundle
 * @param options.seen a checkpoint of this log (its signed note) that was kept outside
 * @throws only what reading the source throws
 */
export async function verifyBundle(
  source: Readable | string,
  options: { readonly key: string; readonly seen?: string },
): Promise<ValidBundle | RefusedBundle> {
  const key = parseKey(options.key.trim());
  if (!key) return { verdict: 'wrong-key', how: 'this is no verifier key of a log: name+id+base64, Ed25519' };
  const seen = options.seen === undefined ? null : openCheckpoint(options.seen, key);
  if (options.seen !== undefined && !seen)
    return { verdict: 'not-a-checkpoint', how: 'what to compare with is no checkpoint signed with this key' };
  const lines = readLines(typeof source === 'string' ? createReadStream(source, { highWaterMark: 2 ** 18 }) : source);
  try {
    return await verifyLines(lines, key, seen);
  } catch (error) {
    if (error instanceof Refusal) return error.verdict;
    throw error;
  } finally {
    await lines.return(undefined);
  }
}

async function verifyLines(
  lines: AsyncGenerator<Buffer, undefined>,
  key: Key,
  seen: Checkpoint | null,
): Promise<ValidBundle> {
  const first = (await lines.next()).value ?? Buffer.of();
  const { start, end, from, to, tree_size: treeSize, left, right } = openHeader(first, key);
  const before = createHash('sha256').update(first);
  const tree = new Tree();
  let block = { end: start, leaves: [] as string[], lines: [] as string[] };
  let latest = null as Checkpoint | null;
  let [checkpoints, erased, isCompared, isComplete, newest] = [0, 0, false, false, 0];
  let late = null as { entries: number; first: number } | null;

  growTo(start, hashesIn(left));
  for await (const line of lines) {
    if (isComplete) throw tampered('something was added after the manifest');
    if (line.at(-1) !== NEWLINE) break;
    if (!passCheckpoint(line)) {
      if (tree.size < block.end) await passEntry(line);
      else if (tree.size < end) passDigests(line);
      else passManifest(line);
    }
    before.update(line);
  }
  if (!isComplete || !latest)
    throw new Refusal('truncated', 'the file ends before its manifest', tree.size < end ? tree.size : undefined);
  const comparison = seen && { seen: isCompared ? ('agrees' as const) : ('not-compared' as const) };
  return {
    verdict: 'valid',
    start,
    entries: end - start,
    erased,
    from,
    to,
    treeSize,
    checkpoint: latest.note,
    ...(late && { late }),
    ...comparison,
  };

  /** A checkpoint stands where the log had its size; the last one stands after all that the header says of the entries beyond. */
  function passCheckpoint(line: Buffer): boolean {
    if (line.toString('latin1', 0, 15) !== '{"checkpoint":"') return false;
    const checkpoint = openCheckpoint(noteIn(line, 'checkpoint'), key);
    if (!checkpoint) throw tampered(`the checkpoint before entry ${tree.size} was altered`);
    if (checkpoint.size === treeSize && tree.size === end) growTo(treeSize, hashesIn(right));
    if (checkpoint.size !== tree.size) return false;
    mustAgree(checkpoint, 'in the bundle');
    latest = checkpoint;
    checkpoints += 1;
    return true;
  }

  /** The digests are signed: where a line differs from them, the line is wrong. Where it does not, its contents must agree. */
  async function passEntry(line: Buffer): Promise<void> {
    const seq = tree.size;
    const [leaf, digest] = [block.leaves.at(seq - block.end)!, block.lines.at(seq - block.end)!];
    if (sha256(line) !== digest) throw await whatHappened(line, lines, seq, leaf, digest);
    const entry = parseEntry(line);
    if (entry?.seq !== seq || leafHash(entry.leaf) !== leaf) throw tampered('its leaf was altered', seq);
    const { personal: commitment, at } = parse(entry.leaf) ?? {};
    if (entry.personal && !opens(entry.personal, commitment)) throw tampered('its personal fields were altered', seq);
    if (!entry.personal && commitment !== undefined) erased += 1;
    const made = Date.parse(String(at));
    if (made < newest - LATE_MS) late = { entries: (late?.entries ?? 0) + 1, first: late?.first ?? seq };
    newest = Math.max(newest, made || 0);
    growTo(seq + 1, [leaf]);
  }

  function passDigests(line: Buffer): void {
    const digests = openNote(line, 'digests', key);
    const seq = tree.size;
    if (!digests)
      throw (
        strayEntry(line) ?? tampered('it is missing, or the digests of it and the entries after it were altered', seq)
      );
    if (digests.first !== seq)
      throw digests.first < seq
        ? tampered('it was duplicated', digests.first)
        : tampered('it is missing, or out of order', seq);
    mustFollow(digests);
    block = { end: seq + digests.count, leaves: hashesIn(digests.leaves), lines: hashesIn(digests.lines) };
    if (block.end > end || [block.leaves, block.lines].some(({ length }) => length !== digests.count))
      throw tampered('it was exported without digests', seq);
  }

  function passManifest(line: Buffer): void {
    const manifest = openNote(line, 'manifest', key);
    if (!manifest)
      throw strayEntry(line) ?? tampered('the manifest, or a line before it, was altered, added or removed');
    mustFollow(manifest);
    const isAsSigned =
      manifest.entries === end - start && manifest.erased === erased && manifest.checkpoints === checkpoints;
    if (!isAsSigned || latest?.size !== treeSize) throw tampered('the manifest does not describe what was exported');
    isComplete = true;
  }

  /** Every signed line after the first holds the hash of the file before it. */
  function mustFollow(line: Signed): void {
    if (before.copy().digest('base64') !== line.before)
      throw tampered(`before entry ${tree.size}, a line that is no entry was altered, added or removed`);
  }

  function growTo(size: number, subtrees: readonly string[]): void {
    for (const subtree of subtrees) tree.append(subtree, size);
    if (tree.size !== size) throw tampered('the header was exported without its proof');
    if (size === seen?.size) isCompared = mustAgree(seen, 'seen before');
  }

  function mustAgree({ size, root }: Checkpoint, which: string): true {
    if (tree.root() === root) return true;
    throw new Refusal(
      'forked',
      `the checkpoint of ${size} entries ${which} has another root than the entries lead to`,
      latest?.size ?? start,
    );
  }

  function strayEntry(line: Buffer): Refusal | null {
    const entry = parseEntry(line);
    return entry && tampered(entry.seq < tree.size ? 'it was duplicated' : 'it was added', entry.seq);
  }
}

/** A line is not the one that was signed: what was done to it, as far as that can be told. */
async function whatHappened(
  line: Buffer,
  rest: AsyncIterable<Buffer>,
  seq: number,
  leaf: string,
  digest: string,
): Promise<Refusal> {
  const entry = parseEntry(line);
  for await (const later of rest) {
    if (sha256(later) !== digest) continue;
    if (!entry) return tampered('something was added before it', seq);
    if (entry.seq < seq) return tampered('it was duplicated', entry.seq);
    return tampered(entry.seq === seq ? 'another entry was added before it' : 'it is out of order', seq);
  }
  if (!entry) return tampered(SIGNED_LINE.test(line.toString()) ? 'it is missing' : 'its line was altered', seq);
  if (leafHash(entry.leaf) !== leaf) return tampered(entry.seq === seq ? 'its leaf was altered' : 'it is missing', seq);
  const { leaf: text, personal, ids } = entry;
  if (`${JSON.stringify({ seq, leaf: text, personal, ids })}\n` !== line.toString())
    return tampered('its line was altered', seq);
  if (!personal) return tampered('its aliases were altered, or its personal fields removed', seq);
  return tampered(
    opens(personal, commitmentIn(text)) ? 'its aliases were altered' : 'its personal fields were altered',
    seq,
  );
}

const NEWLINE = 0x0a;
const LATE_MS = 3_600_000;
const LONGEST_LINE = 16 * 2 ** 20;
const SIGNED_LINE = /^\{"(header|digests|checkpoint|manifest)":"/;
const LINE_OF_A_BUNDLE = /^\{"(header|digests|checkpoint|manifest|seq)":|countersign-bundle\//;

interface Key {
  name: string;
  id: string;
  publicKey: KeyObject;
}
interface Checkpoint {
  size: number;
  root: string;
  note: string;
}
interface Entry {
  seq: number;
  leaf: string;
  personal: Personal | null;
  ids: unknown;
}
interface Personal {
  salt: string;
  fields: object;
}
/** What header, digests and manifest say, each its own part. */
interface Signed {
  key: string;
  from: string;
  to: string;
  start: number;
  end: number;
  tree_size: number;
  left: string;
  right: string;
  before: string;
  first: number;
  count: number;
  leaves: string;
  lines: string;
  entries: number;
  erased: number;
  checkpoints: number;
}

/** Each line with its newline; the last one without, where the file ends in the middle of it. */
async function* readLines(source: Readable): AsyncGenerator<Buffer, undefined> {
  let rest: Buffer = Buffer.of();
  for await (const chunk of source) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE) + 1; end > 0; start = end, end = rest.indexOf(NEWLINE, start) + 1)
      yield rest.subarray(start, end);
    rest = rest.subarray(start);
    if (rest.length > LONGEST_LINE)
      throw new Refusal(
        LINE_OF_A_BUNDLE.test(rest.toString()) ? 'tampered' : 'not-a-bundle',
        'a line is longer than any can be',
      );
  }
  if (rest.length > 0) yield rest;
}

function openHeader(line: Buffer, key: Key): Signed {
  if (!LINE_OF_A_BUNDLE.test(line.toString()))
    throw new Refusal('not-a-bundle', 'the first line is none of a bundle of the audit log');
  if (line.at(-1) !== NEWLINE) throw new Refusal('truncated', 'the file ends in its first line');
  const header = openNote(line, 'header', key);
  if (header) {
    const { start, end, tree_size: treeSize } = header;
    if ([start, end, treeSize].every(Number.isSafeInteger) && 0 <= start && start <= end && end <= treeSize)
      return header;
    throw tampered('the header was exported with numbers that cannot be');
  }
  const claimed = parseKey(String(parse(noteIn(line, 'header').split('\n')[1])?.['key']));
  if (claimed && openNote(line, 'header', claimed))
    throw new Refusal('wrong-key', `the bundle is signed with another key: ${claimed.name}+${claimed.id}`);
  throw tampered('the header was altered or removed, or is of a later version');
}

function parseEntry(line: Buffer): Entry | null {
  const entry = parse(line.toString()) as Entry | null;
  if (!Number.isSafeInteger(entry?.seq) || typeof entry?.leaf !== 'string') return null;
  return entry.personal === null ||
    (typeof entry.personal?.salt === 'string' && typeof entry.personal.fields === 'object')
    ? entry
    : null;
}

/** SHA-256 over the salt and the fields, which are written in canonical form (RFC 8785) where nobody altered them. */
function opens({ salt, fields }: Personal, commitment: unknown): boolean {
  const bytes = decodeBase64(salt);
  return (
    bytes.length === 32 &&
    hash('sha256', Buffer.concat([bytes, Buffer.from(JSON.stringify(fields))]), 'base64') === commitment
  );
}

/** What a line says that this key signed, and nobody besides; null where that is not so. */
function openNote(line: Buffer, kind: string, key: Key): Signed | null {
  const note = noteIn(line, kind);
  const [tag, content, ...rest] = note.split('\n');
  const isAlone = rest.length === 3 && rest[2] === '';
  return isAlone && tag === `countersign-bundle/1 ${kind}` && signedBy(key, note)
    ? (parse(content) as Signed | null)
    : null;
}

/** The note that a line holds, and nothing else, written the one way it can be; empty where that is not so. */
function noteIn(line: Buffer, kind: string): string {
  const note = parse(line.toString())?.[kind];
  return typeof note === 'string' && `${JSON.stringify({ [kind]: note })}\n` === line.toString() ? note : '';
}

/** The text of a note above its signatures, of which at least one is this key's; empty where that is not so. */
function signedBy(key: Key, note: string): string {
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const prefix = `— ${key.name} `;
  const lines = note
    .slice(text.length + 1)
    .split('\n')
    .filter((line) => line.startsWith(prefix));
  const signatures = lines
    .map((line) => decodeBase64(line.slice(prefix.length)))
    .filter((bytes) => bytes.toString('hex', 0, 4) === key.id);
  return signatures.length > 0 &&
    signatures.every((bytes) => verify(null, Buffer.from(text), key.publicKey, bytes.subarray(4)))
    ? text
    : '';
}

function openCheckpoint(note: string, key: Key): Checkpoint | null {
  const [, origin, size, encoded] = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([^\n]+)\n$/.exec(signedBy(key, note)) ?? [];
  const [root, ...others] = hashesIn(encoded);
  return origin === key.name && root !== undefined && others.length === 0 ? { size: Number(size), root, note } : null;
}

function parseKey(text: string): Key | null {
  const [, name = '', id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? [];
  const bytes = decodeBase64(encoded);
  if (
    bytes.length !== 33 ||
    bytes[0] !== 1 ||
    !sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes])).startsWith(id!)
  )
    return null;
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  return { name, id: id!, publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** A tree that grows. Of its perfect subtrees, at most one of each size, only the roots are kept. */
class Tree {
  size = 0;
  readonly #subtrees: string[] = [];

  /** Appends the largest perfect subtree that can stand next without reaching beyond `end`: a leaf, where that is the next one. */
  append(subtree: string, end: number): void {
    let width = 1;
    while (this.size % (width * 2) === 0 && this.size + width * 2 <= end) width *= 2;
    this.size += width;
    let root = subtree;
    for (width *= 2; this.size % width === 0; width *= 2) root = nodeHash(this.#subtrees.pop()!, root);
    this.#subtrees.push(root);
  }

  root(): string {
    return this.#subtrees.length === 0
      ? sha256('')
      : this.#subtrees.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** Hashes are hexadecimal here, for a reader's sake. */
const sha256 = (bytes: Buffer | string): string => hash('sha256', bytes, 'hex');
const leafHash = (leaf: string): string => sha256(`\0${leaf}`);
const nodeHash = (left: string, right: string): string => sha256(Buffer.from(`01${left}${right}`, 'hex'));
const hashesIn = (base64?: string): string[] =>
  decodeBase64(base64)
    .toString('hex')
    .match(/.{1,64}/g) ?? [];
const commitmentIn = (leaf: string): unknown => parse(leaf)?.['personal'];
const tampered = (how: string, seq?: number): Refusal => new Refusal('tampered', how, seq);

class Refusal extends Error {
  readonly verdict: RefusedBundle;

  constructor(verdict: RefusedBundle['verdict'], how: string, seq?: number) {
    super(how);
    this.verdict = { verdict, how, ...(seq !== undefined && { seq }) };
  }
}

/** Empty where it is not written the one way it can be. */
function decodeBase64(text = ''): Buffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : Buffer.of();
}

/** Null where it is no JSON object. */
function parse(text = ''): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
