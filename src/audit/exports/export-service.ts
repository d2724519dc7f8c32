import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import type { Clock } from '../../platform/clock.ts';
import { InvalidRequest, NotFound, ProblemError } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../../platform/http/pagination.ts';
import type { Operation } from '../../platform/http/route.ts';
import { newId } from '../../platform/ids.ts';
import type { Origin, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demandEverywhere } from '../reading/sight.ts';
import { AuditExport } from './entities.ts';
import { cutAtPresent, type ExportRange } from './export-range.ts';
import type { ExportStore } from './export-store.ts';

const KEPT_FOR_MS = 7 * 86_400_000;
/** How soon a bundle of usual size is there. */
const ASK_AGAIN_AFTER_S = 2;

const unpack = promisify(zstdDecompress);

/** A bundle as it is handed over. */
export interface Download {
  readonly row: AuditExport;
  readonly data: AsyncIterable<Uint8Array>;
}

/** Bundles for auditors: asked for here, made by the worker. */
export class ExportService {
  readonly #work: UnitOfWork;
  readonly #store: ExportStore;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; store: ExportStore; clock: Clock }) {
    this.#work = parts.work;
    this.#clock = parts.clock;
    this.#store = parts.store;
  }

  /**
   * Asks for a bundle. A time that is not over yet is cut off at this moment, which is the last one it holds.
   * @throws Forbidden; InvalidRequest where the time ends before it begins, or has not begun
   */
  async request(caller: Caller, origin: Origin, range: ExportRange, operation: Operation): Promise<AuditExport> {
    demandEverywhere(caller);
    return this.#work.write(origin, async (tx) => {
      const done = operation.repeated ? await tx.em.findOne(AuditExport, { id: operation.id }) : null;
      if (done) return done;
      const { from, to } = checkedRange(range, tx.at);
      const expiresAt = new Date(tx.at.getTime() + KEPT_FOR_MS);
      const row = tx.em.create(AuditExport, { id: operation.id, organization: origin.organization, from, to, state: 'preparing', createdAt: tx.at, expiresAt });
      tx.em.persist(row);
      tx.record({ action: 'audit.export_requested', resource: { type: 'audit_export', id: row.id }, detail: { from: from.toISOString(), to: to.toISOString() } });
      tx.enqueue({ id: newId(tx.at), channel: 'workflow', reference: { type: 'audit-export', export: row.id } });
      return row;
    });
  }

  /** @throws Forbidden, NotFound also once it has expired */
  async read(caller: Caller, id: string): Promise<AuditExport> {
    demandEverywhere(caller);
    const row = await this.#work.read(caller.organization, (em) => em.findOne(AuditExport, { id, organization: caller.organization, expiresAt: { $gt: this.#clock.now() } }));
    if (!row) throw new NotFound('export');
    return row;
  }

  /** Newest first. @throws Forbidden */
  async list(caller: Caller, query: { limit: number; cursor?: string | undefined }): Promise<Page<AuditExport>> {
    demandEverywhere(caller);
    const before = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const where = { organization: caller.organization, expiresAt: { $gt: this.#clock.now() }, ...(before && { id: { $lt: before } }) };
      return pageFrom(await em.find(AuditExport, where, { orderBy: { id: 'desc' }, limit: query.limit + 1 }), query.limit, (row) => row);
    });
  }

  /**
   * The file, piece by piece. That it left is on record before its first byte does.
   * @throws Forbidden, NotFound, ProblemError `not-found` where it is not ready
   */
  async download(caller: Caller, origin: Origin, id: string): Promise<Download> {
    const row = await this.read(caller, id);
    if (row.state !== 'ready') throw notReady(row);
    await this.#work.write(origin, async (tx) => tx.record({ action: 'audit.export_downloaded', resource: { type: 'audit_export', id }, detail: { entries: row.entries ?? 0 } }));
    return { row, data: this.#unpacked(row) };
  }

  async *#unpacked({ organization, id, attempt }: AuditExport): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#store.pieces(organization, id, attempt)) yield await unpack(piece);
  }
}

function checkedRange({ from, to }: ExportRange, now: Date): ExportRange {
  if (from >= to) throw new InvalidRequest([{ path: 'to', message: 'must be later than `from`' }]);
  if (from > now) throw new InvalidRequest([{ path: 'from', message: 'lies in the future: nothing is recorded yet' }]);
  return cutAtPresent({ from, to }, now);
}

function notReady({ state }: AuditExport): ProblemError {
  if (state === 'failed') return new ProblemError('not-found', 'This export could not be made, and has no bundle. `error` of the export says why.');
  return new ProblemError('not-found', 'This export is still being prepared. Its `url` is there as soon as it is ready.', { retryAfterSeconds: ASK_AGAIN_AFTER_S });
}
