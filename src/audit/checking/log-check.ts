import type { EntityManager } from '@mikro-orm/postgresql';
import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import type { AuditAction } from '../../platform/audit-actions.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { type LogKeys, NoLog } from '../exports/log-keys.ts';
import { leafTextHash } from '../leaf.ts';
import { EMPTY_ROOT, HASH_BYTES } from '../merkle.ts';
import { formatVerifierKey, MalformedKey, parseVerifierKey, type VerifierKey } from '../notes/keys.ts';
import { readTiles } from '../proof-store.ts';
import { leafFields } from '../reading/leaf-fields.ts';
import { unlockUndamaged } from '../reading/personal-fields.ts';
import type { LeafRange } from '../rules/nodes.ts';
import type { Archive } from '../sealed-entries.ts';
import { type ArchivedParts, readArchived } from './archived-parts.ts';
import {
  type CheckedCheckpoint,
  type CheckedCosignature,
  type CheckedRow,
  countQueued,
  findLooseEnds,
  findUnqueued,
  hasOrganization,
  type Head,
  readCheckpoints,
  readCosignatures,
  readHead,
  readRows,
} from './check-store.ts';
import { checkCheckpoint, checkCosignature, checkLink } from './checkpoint-check.ts';
import { checkEntry } from './entry-check.ts';
import type { Report } from './finding.ts';
import { type LateEntries, LateSearch } from './late-entries.ts';
import { TreeCheck } from './tree-check.ts';

export interface CheckedLog {
  readonly entries: number;
  /** How many of them had personal fields that were erased. */
  readonly erased: number;
  readonly checkpoints: number;
  /** How many wait to be sealed. */
  readonly waiting: number;
  readonly late: LateEntries;
}

/** A multiple of a tile's width: whole tiles are compared once. */
const PAGE = 1_024;
/** Of each kind; whoever has more has seen enough. */
const LOOSE_ENDS_AT_MOST = 1_000;

const MEANINGS = {
  'no-entry': (id: string) => `entry ${id} waits to be sealed and is missing`,
  'sealed-twice': (id: string) => `entry ${id} waits to be sealed and has a leaf already`,
  leaf: (id: string) => `leaf ${id} lies beyond the end of the log`,
  checkpoint: (id: string) => `the checkpoint of ${id} entries is of more than the log has`,
  tile: (id: string) => `tile ${id} does not hold as many hashes as it must`,
  cosignature: (id: string) => `there is a cosignature, but no checkpoint, of ${id} entries`,
  archive: (id: string) => `the archive of ${id} holds more than the log has`,
};

type CheckedTree = Omit<CheckedLog, 'entries' | 'waiting'>;
const NO_TREE: CheckedTree = { erased: 0, checkpoints: 0, late: { entries: 0, first: null } };

/** Is given the entries of one action, in the order of the log, as far as they are the ones that were sealed. */
export interface EntryReader {
  readonly action: AuditAction;
  /** @param detail as the leaf says it */
  take(seq: number, detail: unknown): Promise<void>;
}

/** Computes an organization's log again out of what is stored, and finds whatever does not belong together. */
export class LogCheck {
  readonly #work: UnitOfWork;
  readonly #archive: Archive;
  readonly #keys: LogKeys;

  constructor(parts: { work: UnitOfWork; archive: Archive; keys: LogKeys }) {
    this.#work = parts.work;
    this.#archive = parts.archive;
    this.#keys = parts.keys;
  }

  /**
   * Reads the log page by page, whatever its length. What is written meanwhile is left to the next time.
   * @param reader compares entries with what they are about
   * @throws Unavailable, ArchiveUnavailable
   */
  async check(organization: string, report: Report, reader: EntryReader | null = null): Promise<CheckedLog> {
    const read = <T>(work: (em: EntityManager) => Promise<T>) => this.#work.read(organization, work);
    // In this order: what is queued when an organization is found, is sealed when the head is read.
    const { isThere, waiting, head } = await read(async (em) => ({
      isThere: await hasOrganization(em, organization),
      waiting: await countQueued(em, organization),
      head: await readHead(em, organization),
    }));
    // The first entry of every organization is that it was made.
    if (isThere && waiting === 0 && !head?.size)
      report({ seq: null, what: 'the organization is there, and nothing is left of its log' });
    const counted = head ? await this.#checkTree(organization, head, report, reader) : NO_TREE;
    for (const { id, what } of await read((em) => findLooseEnds(em, organization, LOOSE_ENDS_AT_MOST)))
      report({ seq: null, what: MEANINGS[what](id) });
    await this.#checkQueue(organization, report);
    return { entries: head?.size ?? 0, waiting, ...counted };
  }

  async #checkQueue(organization: string, report: Report): Promise<void> {
    const next = (after: Awaited<ReturnType<typeof findUnqueued>>) =>
      this.#work.read(organization, (em) => findUnqueued(em, organization, after));
    for (let stretch = await next(null); stretch; stretch = await next(stretch)) {
      for (const id of stretch.loose)
        report({
          seq: null,
          what: `entry ${id} has neither leaf nor place in the queue: it was added past us, or its leaf was removed`,
        });
    }
  }

  async #checkTree(organization: string, head: Head, report: Report, reader: EntryReader | null): Promise<CheckedTree> {
    const tree = new TreeCheck(
      (tiles) => this.#work.read(organization, (em) => readTiles(em, organization, tiles)),
      report,
    );
    const key = logKey(organization, head, report);
    await this.#checkSigningKey(organization, head, report);
    let erased = 0;
    let checkpoints = 0;
    let latest: CheckedCheckpoint | null = null;
    const late = new LateSearch();
    while (tree.size < head.size) {
      const range = { start: tree.size, end: Math.min(tree.size + PAGE, head.size) };
      const page = await this.#page(organization, range, report);
      for (const row of page.rows) late.take(Number(row.seq), new Date(row.leaf_at));
      erased += checkEntries(organization, page, report);
      if (reader) await readEntries(page, reader);
      const missing = firstGap(page);
      const roots = new Map<number, Uint8Array>();
      const wanted = new Set(page.checkpoints.map(({ size }) => size));
      await tree.append(
        page.rows.slice(0, missing ?? page.rows.length).map((row) => hashOf(row)),
        (size) => wanted.has(size) && roots.set(size, tree.root()),
      );
      for (const checkpoint of page.checkpoints) {
        checkSigned(checkpoint, page.cosignatures, key, roots.get(checkpoint.size), report);
        const wrong = checkLink(checkpoint, key, latest?.size ?? 0);
        if (wrong !== null) report({ seq: null, what: wrong });
        latest = checkpoint;
      }
      checkpoints += page.checkpoints.length;
      if (missing !== null) {
        report({ seq: tree.size, what: 'its leaf is missing: the tree cannot be computed from here on' });
        return { erased, checkpoints, late: late.found };
      }
    }
    await tree.compareEdge();
    if (!head.root.equals(tree.root()))
      report({ seq: null, what: `the log’s head of ${head.size} entries has another root than they lead to` });
    if (head.size > 0 && latest?.size !== head.size) await this.#mustBeSigned(organization, head, report);
    return { erased, checkpoints, late: late.found };
  }

  async #checkSigningKey(organization: string, { verifierKey }: Head, report: Report): Promise<void> {
    try {
      if (formatVerifierKey(await this.#keys.of(organization)) !== verifierKey)
        report({ seq: null, what: 'the log’s public key is not that of its signing key' });
    } catch (error) {
      if (!(error instanceof CannotDecrypt || error instanceof NoLog)) throw error;
      report({ seq: null, what: 'the log’s signing key was changed' });
    }
  }

  async #page(organization: string, range: LeafRange, report: Report): Promise<Page> {
    return this.#work.read(organization, async (em) => {
      const rows = await readRows(em, organization, range);
      const absent = rows.filter(({ leaf }) => leaf === null).map(({ seq }) => Number(seq));
      const archived = await readArchived(this.#archive, em, organization, absent, report);
      const sealed = rows.map((row) => ({
        id: row.leaf_entry,
        sealed: row.sealed ?? archived.parts.get(Number(row.seq))?.sealed ?? null,
      }));
      const keys = await unlockUndamaged(this.#work.vault, em, organization, sealed);
      return {
        range,
        rows,
        archived,
        keys,
        checkpoints: await readCheckpoints(em, organization, range),
        cosignatures: await readCosignatures(em, organization, range),
      };
    });
  }

  /** A head is signed right after it was committed; one that grew on meanwhile was signed by then. */
  async #mustBeSigned(organization: string, head: Head, report: Report): Promise<void> {
    const now = await this.#work.read(organization, (em) => readHead(em, organization));
    const signed = await this.#work.read(organization, (em) =>
      readCheckpoints(em, organization, { start: head.size - 1, end: head.size }),
    );
    if (signed.length === 0 && now?.size === head.size)
      report({
        seq: null,
        what: `the log’s ${head.size} entries have no checkpoint; a worker that runs signs them within seconds`,
      });
  }
}

interface Page {
  readonly range: LeafRange;
  readonly rows: readonly CheckedRow[];
  readonly archived: ArchivedParts;
  readonly keys: Awaited<ReturnType<typeof unlockUndamaged>>;
  readonly checkpoints: readonly CheckedCheckpoint[];
  readonly cosignatures: readonly CheckedCosignature[];
}

/** @returns how many were erased */
function checkEntries(organization: string, { rows, archived, keys }: Page, report: Report): number {
  let erased = 0;
  for (const row of rows) {
    const seq = Number(row.seq);
    if (archived.damaged.has(seq)) continue;
    const checked = checkEntry(organization, row, archived.parts.get(seq), keys);
    for (const what of checked.wrong) report({ seq, what });
    erased += checked.erased ? 1 : 0;
  }
  return erased;
}

/** A text that is not the one that was sealed was reported as that, and says nothing any more. */
async function readEntries({ rows, archived }: Page, reader: EntryReader): Promise<void> {
  for (const row of rows) {
    const seq = Number(row.seq);
    const leaf = row.leaf ?? archived.parts.get(seq)?.leaf;
    if (!leaf?.includes(`"${reader.action}"`) || !row.leaf_hash.equals(leafTextHash(leaf))) continue;
    const { action, detail } = leafFields(leaf);
    if (action === reader.action) await reader.take(seq, detail);
  }
}

/** Something that is no hash stands for none of a tree: it is found as the entry’s, and the root will be another. */
function hashOf({ leaf_hash: hash }: CheckedRow): Uint8Array {
  return hash.length === HASH_BYTES ? hash : EMPTY_ROOT;
}

/** The position of the first row that is not where it belongs, or the number of rows where the last ones are missing; null: none is. */
function firstGap({ rows, range }: Page): number | null {
  const gap = rows.findIndex((row, position) => Number(row.seq) !== range.start + position);
  if (gap >= 0) return gap;
  return rows.length < range.end - range.start ? rows.length : null;
}

function checkSigned(
  checkpoint: CheckedCheckpoint,
  cosignatures: readonly CheckedCosignature[],
  key: VerifierKey | null,
  root: Uint8Array | undefined,
  report: Report,
): void {
  const wrong = root ? [checkCheckpoint(checkpoint, key, root)] : [];
  const mine = cosignatures
    .filter(({ size }) => Number(size) === checkpoint.size)
    .map((cosignature) => checkCosignature(cosignature, checkpoint));
  for (const what of [...wrong, ...mine]) if (what !== null) report({ seq: null, what });
}

function logKey(organization: string, { verifierKey }: Head, report: Report): VerifierKey | null {
  try {
    const key = parseVerifierKey(verifierKey);
    if (key.name === `countersign/${organization}` && key.type === 'log') return key;
    report({ seq: null, what: 'the log’s key is that of another log' });
  } catch (error) {
    if (!(error instanceof MalformedKey)) throw error;
    report({ seq: null, what: 'the log’s key is none' });
  }
  return null;
}
