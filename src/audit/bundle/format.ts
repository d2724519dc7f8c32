import { canonicalJson, type JsonValue } from '../../platform/canonical-json.ts';
import type { Personal } from '../leaf.ts';
import { formatVerifierKey, type SigningKey } from '../notes/keys.ts';
import { signNote } from '../notes/signed-note.ts';
import type { LeafRange } from '../rules/nodes.ts';
import { TILE_WIDTH } from '../rules/tiles.ts';
import type { RangeProof } from '../tree/proofs.ts';

/**
 * The lines of a bundle (docs/AUDIT.md, "The bundle"). Every line is one JSON object. Header, digests and manifest are signed
 * notes; an entry is covered by the digests before it; everything by the manifest, which holds the hash of all before it.
 */
export const FORMAT = 'countersign-bundle/1';

/** One line of digests covers the entries of one level-0 tile: a bundle's block is a stretch of the log that all know. */
export const BLOCK_ENTRIES = TILE_WIDTH;

/** One entry as it goes into a bundle. */
export interface BundleEntry {
  /** Its place in the log: the index of its leaf. */
  readonly seq: number;
  /** The leaf's text as it is stored. */
  readonly leaf: string;
  /** The leaf's hash as the log's tree holds it, not computed from the text: their difference is what a verifier looks for. */
  readonly leafHash: Uint8Array;
  /** Null where there are none, or where they were erased. */
  readonly personal: Personal | null;
  /** The aliases by which callers know what the leaf names by internal ids; null where there are none any more. */
  readonly ids: Readonly<Record<string, string | null>> | null;
}

/** A checkpoint with its cosignatures. */
export interface BundleCheckpoint {
  readonly size: number;
  readonly note: string;
}

/** What a bundle is about. */
export interface BundleScope {
  /** Entries from this moment on, RFC 3339. */
  readonly from: string;
  /** Up to, and without, this one. */
  readonly to: string;
  /** The leaves that hold all of them, without a gap. */
  readonly range: LeafRange;
  /** The size of the checkpoint that closes the bundle. */
  readonly treeSize: number;
  /** What leads from the leaves to that checkpoint's root. */
  readonly proof: RangeProof;
}

/** How much a bundle holds. */
export interface BundleCounts {
  readonly entries: number;
  /** Entries whose personal fields were erased. */
  readonly erased: number;
  readonly checkpoints: number;
}

export function headerLine({ from, to, range, treeSize, proof }: BundleScope, key: SigningKey): string {
  return noteLine(
    'header',
    {
      origin: key.name,
      key: formatVerifierKey(key),
      from,
      to,
      start: range.start,
      end: range.end,
      tree_size: treeSize,
      left: base64(Buffer.concat(proof.left)),
      right: base64(Buffer.concat(proof.right)),
    },
    key,
  );
}

/**
 * @param before SHA-256 of all bytes of the file before this line
 * @param lines the SHA-256 of each entry's line with its newline
 */
export function digestsLine(
  before: Uint8Array,
  entries: readonly BundleEntry[],
  lines: readonly Uint8Array[],
  key: SigningKey,
): string {
  return noteLine(
    'digests',
    {
      before: base64(before),
      first: entries[0]?.seq ?? 0,
      count: entries.length,
      leaves: base64(Buffer.concat(entries.map(({ leafHash }) => leafHash))),
      lines: base64(Buffer.concat(lines)),
    },
    key,
  );
}

/** Members in this order, personal fields in canonical order: so that whoever reads it writes the same bytes again. */
export function entryLine({ seq, leaf, personal, ids }: BundleEntry): string {
  const opening = personal && `{"salt":${JSON.stringify(personal.salt)},"fields":${canonicalJson(personal.fields)}}`;
  return `{"seq":${seq},"leaf":${JSON.stringify(leaf)},"personal":${opening},"ids":${ids && canonicalJson(ids)}}`;
}

export function checkpointLine({ note }: BundleCheckpoint): string {
  return JSON.stringify({ checkpoint: note });
}

/** @param before SHA-256 of all bytes of the file before this line */
export function manifestLine(before: Uint8Array, counts: BundleCounts, key: SigningKey): string {
  return noteLine(
    'manifest',
    { before: base64(before), entries: counts.entries, erased: counts.erased, checkpoints: counts.checkpoints },
    key,
  );
}

/** The first line of the text says what was signed: the same key signs checkpoints, and none may be taken for the other. */
function noteLine(kind: string, content: JsonValue, key: SigningKey): string {
  return JSON.stringify({ [kind]: signNote(`${FORMAT} ${kind}\n${canonicalJson(content)}\n`, key) });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
