import { LockMode } from '@mikro-orm/core';
import { type AddressGuard, AddressNotAllowed } from '../../notify/service.ts';
import { flushUnique } from '../../platform/database/failures.ts';
import { InvalidRequest, NotFound } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { newId } from '../../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demand } from '../../tenancy/service.ts';
import { logSize } from '../proof-store.ts';
import { AuditStream } from './entities.ts';
import type { NewStream } from './schemas.ts';
import { streamsOf } from './stream-store.ts';
import { openTarget, sealTarget, type StreamTarget } from './target.ts';

export interface StreamView {
  readonly row: AuditStream;
  /** Null where it cannot be read any more. */
  readonly target: StreamTarget | null;
  /** How many entries of the log are sealed. */
  readonly size: number;
}

/** Every one reads the whole log. */
const STREAMS_AT_MOST = 10;

/** Where an organization has its audit log sent to. */
export class StreamService {
  readonly #work: UnitOfWork;
  readonly #guard: AddressGuard;

  constructor(work: UnitOfWork, guard: AddressGuard) {
    this.#work = work;
    this.#guard = guard;
  }

  /**
   * Enters a stream, or replaces what one of this name says. One that failed is tried at once.
   * @returns whether it is new
   * @throws InvalidRequest where the address is not allowed or cannot be found, `from` is past the log's end, or there are too many
   */
  async put(caller: Caller, origin: Origin, name: string, wanted: NewStream): Promise<StreamView & { isNew: boolean }> {
    demandManager(caller);
    await this.#checkAddress(wanted);
    return this.#work.write(origin, async (tx) => {
      const { organization } = origin;
      const size = await logSize(tx.em, organization);
      if (wanted.from !== undefined && wanted.from > size)
        throw new InvalidRequest([
          {
            path: 'from',
            message: `the log has ${size} entries so far; give one of them, or ${size} for the next one`,
          },
        ]);
      const existing = await tx.em.findOne(
        AuditStream,
        { organization, name },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      const row = existing ?? (await this.#make(tx, name, size));
      const target = targetOf(wanted);
      const keys = await this.#work.vault.unlock(tx.em, organization, [organization]);
      tx.em.assign(row, {
        kind: wanted.kind,
        target: sealTarget(keys, organization, row.id, target),
        next: wanted.from === undefined ? row.next : BigInt(wanted.from),
        lease: row.lease + 1,
        dueAt: tx.at,
        attempts: 0,
        failingSince: null,
        toldAt: null,
        lastError: null,
        updatedAt: tx.at,
      });
      tx.em.persist(row);
      await flushUnique(tx.em, 'the stream');
      tx.record({
        action: 'audit.stream_set',
        resource: { type: 'audit_stream', id: row.id },
        detail: { kind: wanted.kind, personal: wanted.personal, next: Number(row.next), new: !existing },
      });
      return { row, target, size, isNew: !existing };
    });
  }

  /** By name. */
  list(caller: Caller): Promise<StreamView[]> {
    demandManager(caller);
    const { organization } = caller;
    return this.#work.read(organization, async (em) => {
      const [rows, size] = [await streamsOf(em, organization), await logSize(em, organization)];
      const keys = await this.#work.vault.unlock(em, organization, [organization]);
      return rows.map((row) => ({ row, target: openTarget(row, keys), size }));
    });
  }

  /** Nothing more is sent to it. @throws NotFound */
  async delete(caller: Caller, origin: Origin, name: string): Promise<void> {
    demandManager(caller);
    await this.#work.write(origin, async (tx) => {
      const row = await tx.em.findOne(AuditStream, { organization: origin.organization, name });
      if (!row) throw new NotFound('audit stream');
      tx.em.remove(row);
      tx.record({
        action: 'audit.stream_deleted',
        resource: { type: 'audit_stream', id: row.id },
        detail: { kind: row.kind, next: Number(row.next) },
      });
    });
  }

  async #make(tx: Transaction, name: string, size: number): Promise<AuditStream> {
    const { organization } = tx.origin;
    if ((await tx.em.count(AuditStream, { organization })) >= STREAMS_AT_MOST) {
      throw new InvalidRequest([
        { path: '', message: `an organization has ${STREAMS_AT_MOST} streams at most; delete one first` },
      ]);
    }
    return tx.em.create(AuditStream, {
      id: newId(tx.at),
      organization,
      name,
      kind: 'https',
      target: Buffer.of(),
      next: BigInt(size),
      dueAt: tx.at,
      createdAt: tx.at,
      updatedAt: tx.at,
    });
  }

  async #checkAddress(wanted: NewStream): Promise<void> {
    try {
      if (wanted.kind === 'https') await this.#guard.check(wanted.url);
      else await this.#guard.addressesOf(wanted.host);
    } catch (error) {
      const path = wanted.kind === 'https' ? 'url' : 'host';
      throw new InvalidRequest([
        { path, message: error instanceof AddressNotAllowed ? error.message : 'names a host that cannot be found' },
      ]);
    }
  }
}

function targetOf(wanted: NewStream): StreamTarget {
  const common = { personal: wanted.personal, ca: wanted.ca ?? null };
  if (wanted.kind === 'https') return { kind: 'https', url: wanted.url, token: wanted.token ?? null, ...common };
  return { kind: 'syslog', host: wanted.host, port: wanted.port, tls: wanted.tls, ...common };
}

function demandManager(caller: Caller): void {
  demand(caller, 'audit.manage', [caller.organization]);
}
