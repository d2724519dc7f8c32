import type { Logger } from 'pino';
import type { AuditRecord } from '../../platform/audit-record.ts';
import { isStatementTimeout } from '../../platform/database/failures.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import type { BundleParts } from '../bundle/write.ts';
import type { BundleSource } from './bundle-source.ts';
import { AuditExport, EXPORT_KEPT_FOR_MS, TIMED_OUT } from './entities.ts';
import { type WrittenBundle, writeInPieces } from './export-file.ts';
import type { ExportPieces } from './export-pieces.ts';
import { type Attempt, type ExportStore, Superseded } from './export-store.ts';
import type { LogKeys } from './log-keys.ts';

export interface ExportMakingParts {
  readonly work: UnitOfWork;
  readonly source: BundleSource;
  readonly store: ExportStore;
  readonly pieces: ExportPieces;
  readonly keys: LogKeys;
  readonly logger: Logger;
}

/** The log itself is not what it should be: trying again would change nothing. */
const FINAL = new Set([
  'entry-missing',
  'bundle-incomplete',
  'tiles-do-not-fit',
  'no-such-proof',
  'cannot-decrypt',
  'not-personal',
  'personal-missing',
  'personal-key-missing',
  'entry-misplaced',
  'archive-damaged',
  'no-log',
]);
/** A statement that took too long may have met a busy moment; one that does so again and again will not end. */
const TRIES_AT_TIMEOUT = 5;

/** Makes the bundles that were asked for. May be killed at any point: the next attempt starts from the beginning. */
export class ExportMaking {
  readonly #parts: ExportMakingParts;
  readonly #stopping = new AbortController();

  constructor(parts: ExportMakingParts) {
    this.#parts = parts;
  }

  /** Breaks off whatever is being made, for another worker to make. */
  stop(): void {
    this.#stopping.abort();
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /**
   * Makes one export, or finds out that it cannot be made, and writes down which. Whoever comes second leaves it alone.
   * @throws AbortError; Unavailable; whatever else is worth another try
   */
  async make(organization: string, id: string, until: AbortSignal): Promise<void> {
    const attempt = await this.#parts.store.begin(organization, id);
    if (!attempt) return;
    try {
      await this.#finish(attempt, await this.#write(attempt, AbortSignal.any([until, this.#stopping.signal])));
    } catch (error) {
      if (error instanceof Superseded) return;
      const code = endingCode(error, attempt);
      if (code === null) throw error;
      this.#parts.logger.error({ err: error, organization, export: id }, 'an export of the audit log cannot be made');
      await this.#fail(attempt, code);
    }
  }

  async #write(attempt: Attempt, signal: AbortSignal): Promise<WrittenBundle & { treeSize: number }> {
    const { source, keys, store, pieces } = this.#parts;
    const parts = await source.read(attempt.organization, attempt.from, attempt.to, {
      signal,
      whileWaiting: () => store.stillMine(attempt),
    });
    const { range, treeSize } = parts.scope;
    const counted = countEntries(parts);
    let position = 0;
    const put = (piece: Buffer) =>
      pieces.put(attempt, position++, piece, { done: counted.done(), of: range.end - range.start });
    return { ...(await writeInPieces(counted.parts, await keys.of(attempt.organization), put)), treeSize };
  }

  async #finish(
    attempt: Attempt,
    { entries, treeSize, bytes, digest }: WrittenBundle & { treeSize: number },
  ): Promise<void> {
    const record = {
      action: 'audit.export_made',
      resource: { type: 'audit_export', id: attempt.id },
      detail: { entries, tree_size: treeSize, sha256: digest.toString('hex') },
    } as const;
    await this.#close(attempt, record, ({ at }) => ({
      state: 'ready',
      entries,
      done: entries,
      treeSize,
      bytes,
      digest,
      readyAt: at,
      expiresAt: new Date(at.getTime() + EXPORT_KEPT_FOR_MS),
    }));
  }

  async #fail(attempt: Attempt, code: string): Promise<void> {
    await this.#close(
      attempt,
      { action: 'audit.export_failed', resource: { type: 'audit_export', id: attempt.id }, detail: { problem: code } },
      () => ({ state: 'failed', error: code }),
    );
  }

  async #close(
    { organization, id, number }: Attempt,
    record: AuditRecord,
    change: (tx: Transaction) => Partial<AuditExport>,
  ): Promise<void> {
    const origin: Origin = { organization, actor: { type: 'workflow', id: null }, requestId: null };
    await this.#parts.work.write(origin, async (tx) => {
      const changed = await tx.em.nativeUpdate(AuditExport, { id, attempt: number, state: 'preparing' }, change(tx));
      if (changed === 0) throw new Superseded();
      tx.record(record);
    });
  }
}

/** Counts entries as they are read. */
function countEntries(parts: BundleParts): { parts: BundleParts; done: () => number } {
  let done = 0;
  async function* counted() {
    for await (const entry of parts.entries) {
      done += 1;
      yield entry;
    }
  }
  return { parts: { ...parts, entries: counted() }, done: () => done };
}

/** With which code an attempt ends for good; null where another one may do better. */
function endingCode(error: unknown, { number }: Attempt): string | null {
  if (isStatementTimeout(error)) return number >= TRIES_AT_TIMEOUT ? TIMED_OUT : null;
  return finalCode(error);
}

/** The code of an error that says that the log itself is not what it should be; null where it is another one. */
export function finalCode(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return FINAL.has(code) ? code : null;
}
