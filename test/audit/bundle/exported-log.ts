import { Readable } from 'node:stream';
import type { BundleCheckpoint, BundleEntry } from '../../../src/audit/bundle/format.ts';
import { writeBundle } from '../../../src/audit/bundle/write.ts';
import { commitmentTo, leafText, leafTextHash, personalWith } from '../../../src/audit/leaf.ts';
import { cosignCheckpoint, signCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { addSignatures } from '../../../src/audit/notes/signed-note.ts';
import { proveRange } from '../../../src/audit/tree/proofs.ts';
import { type RefusedBundle, type ValidBundle, verifyBundle } from '../../../src/audit/verifier.ts';
import { ReferenceTree, sha256 } from '../tree/reference.ts';

export const LOG_KEY = signingKey('countersign/01890000-0000-7000-8000-000000000000', Buffer.alloc(32, 1));
export const OTHER_KEY = signingKey('countersign/01890000-0000-7000-8000-00000000ffff', Buffer.alloc(32, 2));
export const WITNESS = signingKey('witness.example.com/w1', Buffer.alloc(32, 3), 'witness');
export const VERIFIER_KEY = formatVerifierKey(LOG_KEY);

const FROM = '2026-11-01T00:00:00.000Z';
const TO = '2026-12-01T00:00:00.000Z';

export interface Export {
  readonly start: number;
  readonly end: number;
  /** Unset: `end`. */
  readonly treeSize?: number;
  /** The sizes of the checkpoints in the bundle; that of `treeSize` is there anyway. */
  readonly checkpointsAt?: readonly number[];
  /** What the database says besides what was logged. */
  readonly entries?: (entry: BundleEntry) => BundleEntry;
  readonly checkpoint?: (checkpoint: BundleCheckpoint) => BundleCheckpoint;
}

/** A log with its key, from which bundles are exported. Every seventh entry's person was erased; every fifth entry has none. */
export class ExportedLog {
  readonly key;
  readonly entries: readonly BundleEntry[];
  readonly tree: ReferenceTree;

  /**
   * @param story what makes this history another one than that of a log with the same entries before `from`
   * @param lateAt by how many seconds an entry is older than where it stands
   */
  constructor(size: number, { key = LOG_KEY, story = 'a', from = 0, lateAt = (_seq: number): number => 0 } = {}) {
    this.key = key;
    this.entries = Array.from({ length: size }, (_, seq) => entryOf(seq, seq < from ? 'a' : story, lateAt(seq)));
    this.tree = new ReferenceTree(this.entries.map(({ leaf }) => Buffer.from(leaf)));
  }

  checkpoint(size: number): string {
    const note = signCheckpoint({ origin: this.key.name, size, root: this.tree.root(size) }, this.key);
    return size % 2 === 0 ? note : addSignatures(note, [cosignCheckpoint(note, WITNESS, new Date(FROM))]);
  }

  async bundle({
    start,
    end,
    treeSize = end,
    checkpointsAt = [],
    entries = (entry) => entry,
    checkpoint = (given) => given,
  }: Export): Promise<Buffer> {
    const sizes = [...new Set([...checkpointsAt, treeSize])].toSorted((a, b) => a - b);
    const proof = await proveRange({ start, end }, treeSize, this.tree.reader);
    const parts = {
      scope: { from: FROM, to: TO, range: { start, end }, treeSize, proof },
      entries: inTurn(this.entries.slice(start, end).map(entries)),
      checkpoints: inTurn(sizes.map((size) => checkpoint({ size, note: this.checkpoint(size) }))),
    };
    const pieces = [];
    for await (const piece of writeBundle(parts, this.key)) pieces.push(piece);
    return Buffer.from(pieces.join(''));
  }
}

/** @param pieces how the stream deals it out, in bytes */
export function verify(
  bundle: Uint8Array,
  { key = VERIFIER_KEY, seen, pieces = 4_096 }: { key?: string; seen?: string; pieces?: number } = {},
): Promise<ValidBundle | RefusedBundle> {
  const chunks = Array.from({ length: Math.ceil(bundle.length / pieces) }, (_, index) =>
    bundle.subarray(index * pieces, (index + 1) * pieces),
  );
  return verifyBundle(Readable.from(chunks), { key, ...(seen !== undefined && { seen }) });
}

/** Lines with their newlines. */
export function linesOf(bundle: Buffer): string[] {
  return bundle.toString().match(/[^\n]*\n/g) ?? [];
}

export function fromLines(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join(''));
}

/** The seq of a line that is an entry; null where it is another one. */
export function seqOf(line: string): number | null {
  const found = /^\{"seq":(\d+),/.exec(line);
  return found ? Number(found[1]) : null;
}

export async function* inTurn<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield value;
}

function entryOf(seq: number, story: string, late: number): BundleEntry {
  const id = (kind: number) => `01890000-000${kind}-7000-8000-${String(seq).padStart(12, '0')}`;
  const personal =
    seq % 5 === 4
      ? null
      : personalWith(sha256(Buffer.from(`salt ${seq}`)), {
          address: `203.0.113.${seq % 256}`,
          user_agent: `Browser/${seq} (“ünïcode”)`,
        });
  const leaf = leafText({
    id: id(1),
    at: new Date(Date.parse(FROM) + (seq - late) * 1000),
    organization: id(0),
    actor: { type: 'person', ref: id(2), key: null },
    onBehalfOf: null,
    action: 'approval.decided',
    resource: { type: 'approval', ref: id(3) },
    outcome: 'success',
    team: null,
    requestId: null,
    detail: { story, seq },
    ...(personal && { personal: commitmentTo(personal) }),
  });
  const isErased = seq % 7 === 6;
  return {
    seq,
    leaf,
    leafHash: leafTextHash(leaf),
    personal: isErased ? null : personal,
    ids: isErased ? null : { actor: `person-${seq}`, resource: null },
  };
}
