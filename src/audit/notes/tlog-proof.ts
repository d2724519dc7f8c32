import { HASH_BYTES, verifyInclusion } from '../merkle.ts';
import { decodeBase64, MalformedBase64 } from './base64.ts';
import { openCheckpoint, type TreeHead } from './checkpoint.ts';
import type { VerifierKey } from './keys.ts';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';

/** That an entry is in a log: its place, the way up from it, and the checkpoint it leads to. */
export interface LogProof {
  /** From 0. */
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The checkpoint's signed note. */
  readonly checkpoint: string;
}

/** This is no proof as C2SP tlog-proof describes it. */
export class MalformedLogProof extends Error {
  readonly code = 'malformed-log-proof';
  constructor() {
    super(`a proof begins with ${FIRST_LINE}, the index and hashes, and ends with a checkpoint`);
  }
}

/** One text file that proves an entry (C2SP tlog-proof), usually named `.tlog-proof`. */
export function formatLogProof({ index, hashes, checkpoint }: LogProof): string {
  const lines = [FIRST_LINE, `index ${index}`, ...hashes.map((hash) => Buffer.from(hash).toString('base64'))];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Reads a proof without checking it. What it says besides (`extra`) nobody signed, and is left out.
 * @throws MalformedLogProof
 */
export function parseLogProof(text: string): LogProof {
  const end = text.indexOf('\n\n');
  const [first, ...rest] = text.slice(0, end).split('\n');
  if (rest[0]?.startsWith('extra ')) rest.shift();
  const [, index] = /^index (0|[1-9][0-9]*)$/.exec(rest.shift() ?? '') ?? [];
  if (end < 0 || first !== FIRST_LINE || !Number.isSafeInteger(Number(index))) throw new MalformedLogProof();
  return { index: Number(index), hashes: rest.map(decodeHash), checkpoint: text.slice(end + 2) };
}

/**
 * Checks that the log with this key holds the entry, and says in which tree.
 * @param leaf the hash of the entry
 * @throws MalformedLogProof, MalformedNote, UnverifiedNote, InvalidProof
 */
export function openLogProof(text: string, leaf: Uint8Array, key: VerifierKey): TreeHead {
  const { index, hashes, checkpoint } = parseLogProof(text);
  const head = openCheckpoint(checkpoint, key);
  verifyInclusion(index, head.size, leaf, hashes, head.root);
  return head;
}

function decodeHash(line: string): Uint8Array {
  try {
    const hash = decodeBase64(line);
    if (hash.length === HASH_BYTES) return hash;
  } catch (error) {
    if (!(error instanceof MalformedBase64)) throw error;
  }
  throw new MalformedLogProof();
}
