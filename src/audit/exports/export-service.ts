import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../../platform/clock.ts';
import { SubjectKey } from '../../platform/crypto/subject-key.ts';
import { InvalidRequest, NotFound, ProblemError } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../../platform/http/pagination.ts';
import type { Operation } from '../../platform/http/route.ts';
import { newId } from '../../platform/ids.ts';
import type { Origin, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demandEverywhere } from '../reading/sight.ts';
import { AuditExport, EXPORT_KEPT_FOR_MS } from './entities.ts';
import type { ExportPieces } from './export-pieces.ts';
import { cutAtPresent, type ExportRange } from './export-range.ts';

/** How soon a bundle of usual size is there. */
const ASK_AGAIN_AFTER_S = 2;

/** An export, and whether somebody was erased after it was begun: it may tell about them, and is not handed out any more. */
export interface ExportView {
  readonly row: AuditExport;
  readonly isOutdated: boolean;
}

/** A bundle as it is handed over. */
export interface Download {
  readonly row: AuditExport;
  readonly data: AsyncIterable<Uint8Array>;
}

/** Bundles for auditors: asked for here, made by the worker. */
export class ExportService {
  readonly #work: UnitOfWork;
  readonly #pieces: ExportPieces;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; pieces: ExportPieces; clock: Clock }) {
    this.#work = parts.work;
    this.#clock = parts.clock;
    this.#pieces = parts.pieces;
  }

  /**
   * Asks for a bundle. A time that is not over yet is cut off at this moment, which is the last one it holds.
   * @throws Forbidden; InvalidRequest where the time ends before it begins, or has not begun
   */
  async request(caller: Caller, origin: Origin, range: ExportRange, operation: Operation): Promise<ExportView> {
    demandEverywhere(caller);
    return this.#work.write(origin, async (tx) => {
      const done = operation.repeated ? await tx.em.findOne(AuditExport, { id: operation.id }) : null;
      if (done) return { row: done, isOutdated: false };
      const { from, to } = checkedRange(range, tx.at);
      const expiresAt = new Date(tx.at.getTime() + EXPORT_KEPT_FOR_MS);
      const row = tx.em.create(AuditExport, {
        id: operation.id,
        organization: origin.organization,
        from,
        to,
        state: 'preparing',
        createdAt: tx.at,
        expiresAt,
      });
      tx.em.persist(row);
      tx.record({
        action: 'audit.export_requested',
        resource: { type: 'audit_export', id: row.id },
        detail: { from: from.toISOString(), to: to.toISOString() },
      });
      tx.enqueue({ id: newId(tx.at), channel: 'workflow', reference: { type: 'audit-export', export: row.id } });
      return { row, isOutdated: false };
    });
  }

  /** @throws Forbidden, NotFound also once it has expired */
  async read(caller: Caller, id: string): Promise<ExportView> {
    demandEverywhere(caller);
    return this.#work.read(caller.organization, async (em) => {
      const row = await em.findOne(AuditExport, {
        id,
        organization: caller.organization,
        expiresAt: { $gt: this.#clock.now() },
      });
      if (!row) throw new NotFound('export');
      return viewOf(row, await latestErasure(em, caller.organization));
    });
  }

  /** Newest first. @throws Forbidden */
  async list(caller: Caller, query: { limit: number; cursor?: string | undefined }): Promise<Page<ExportView>> {
    demandEverywhere(caller);
    const before = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const where = {
        organization: caller.organization,
        expiresAt: { $gt: this.#clock.now() },
        ...(before && { id: { $lt: before } }),
      };
      const erasure = await latestErasure(em, caller.organization);
      return pageFrom(
        await em.find(AuditExport, where, { orderBy: { id: 'desc' }, limit: query.limit + 1 }),
        query.limit,
        (row) => viewOf(row, erasure),
      );
    });
  }

  /**
   * The file, piece by piece. That it left is on record before its first byte does.
   * @throws Forbidden, NotFound, ProblemError `not-found` where it is not ready
   */
  async download(caller: Caller, origin: Origin, id: string): Promise<Download> {
    const view = await this.read(caller, id);
    const { row } = view;
    if (row.state !== 'ready' || view.isOutdated) throw notReady(view);
    await this.#work.write(origin, async (tx) =>
      tx.record({
        action: 'audit.export_downloaded',
        resource: { type: 'audit_export', id },
        detail: { entries: row.entries ?? 0 },
      }),
    );
    return { row, data: this.#pieces.read(row.organization, id, row.attempt) };
  }
}

/** When somebody of the organization was last erased. */
async function latestErasure(em: EntityManager, organization: string): Promise<Date | null> {
  const latest = await em.findOne(
    SubjectKey,
    { organization, destroyedAt: { $ne: null } },
    { orderBy: { destroyedAt: 'desc' }, fields: ['destroyedAt'] },
  );
  return latest?.destroyedAt ?? null;
}

/** What was read after the export was begun may have been read before the erasure: only its beginning counts. */
function viewOf(row: AuditExport, erasure: Date | null): ExportView {
  return { row, isOutdated: row.state === 'ready' && erasure !== null && erasure >= row.createdAt };
}

function checkedRange({ from, to }: ExportRange, now: Date): ExportRange {
  if (from >= to) throw new InvalidRequest([{ path: 'to', message: 'must be later than `from`' }]);
  if (from > now) throw new InvalidRequest([{ path: 'from', message: 'lies in the future: nothing is recorded yet' }]);
  return cutAtPresent({ from, to }, now);
}

function notReady({ row: { state }, isOutdated }: ExportView): ProblemError {
  if (isOutdated)
    return new ProblemError(
      'not-found',
      'Somebody was erased after this bundle was begun, and it may tell about them. Ask for a new one.',
    );
  if (state === 'failed')
    return new ProblemError(
      'not-found',
      'This export could not be made, and has no bundle. `error` of the export says why.',
    );
  return new ProblemError(
    'not-found',
    'This export is still being prepared. Its `url` is there as soon as it is ready.',
    { retryAfterSeconds: ASK_AGAIN_AFTER_S },
  );
}
