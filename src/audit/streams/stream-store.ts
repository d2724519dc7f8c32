import type { EntityManager } from '@mikro-orm/postgresql';
import type { BareDatabase } from '../../platform/database/bare.ts';
import { AuditStream } from './entities.ts';

/** A stream that is somebody's to send to until the lease ends. */
export interface LeasedStream extends Pick<AuditStream, 'id' | 'name' | 'target' | 'attempts'> {
  readonly organization: string;
  readonly next: number;
  readonly lease: number;
  readonly failingSince: Date | null;
  readonly toldAt: Date | null;
  readonly lastError: string | null;
}

interface LeaseRow {
  readonly id: string;
  readonly name: string;
  readonly target: Buffer;
  readonly attempts: number;
  readonly next_index: string;
  readonly lease: number;
  readonly failing_since: string | null;
  readonly told_at: string | null;
  readonly last_error: string | null;
}

/** Streams that are due and have something to send, as `organization/stream`. @throws Unavailable */
export async function streamsToFeed(database: BareDatabase, now: Date): Promise<string[]> {
  const rows = await database.query<{ found: string }>(
    `select s.organization_id || '/' || s.id as found from countersign.audit_streams s join countersign.audit_logs l using (organization_id)
     where l.size > s.next_index and s.due_at <= $1 order by s.due_at`,
    [now],
  );
  return rows.map(({ found }) => found);
}

/**
 * How far each stream is behind: entries that are sealed and have not arrived, and the age of the oldest of them in seconds.
 * @throws Unavailable
 */
export function streamLags(database: BareDatabase): Promise<{ stream: string; entries: number; seconds: number }[]> {
  return database.query(
    `select s.id as stream, greatest(l.size - s.next_index, 0)::float8 as entries,
       greatest(coalesce(extract(epoch from clock_timestamp() - first.at), 0), 0)::float8 as seconds
     from countersign.audit_streams s join countersign.audit_logs l using (organization_id)
     left join countersign.audit_leaves first on first.organization_id = s.organization_id and first.leaf_index = s.next_index`,
  );
}

/** @returns null where somebody else is at it, it is not due, or it was deleted */
export async function takeLease(
  em: EntityManager,
  organization: string,
  id: string,
  now: Date,
  until: Date,
): Promise<LeasedStream | null> {
  const [row] = await em.execute<LeaseRow[]>(
    `update countersign.audit_streams set lease = lease + 1, due_at = ? where id = ? and organization_id = ? and due_at <= ?
     returning id, name, target, attempts, next_index, lease, failing_since, told_at, last_error`,
    [until.toISOString(), id, organization, now.toISOString()],
  );
  return row ? leased(row, organization) : null;
}

/** What came of sending. */
export interface StreamProgress {
  readonly next: number;
  readonly dueAt: Date;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly failingSince: Date | null;
  readonly toldAt: Date | null;
  /** Unset: nothing arrived this time. */
  readonly deliveredAt?: Date;
}

/** @returns false where the lease has passed to somebody else, or the stream was changed or deleted meanwhile: nothing is written then */
export async function writeProgress(
  em: EntityManager,
  { organization, id, lease }: LeasedStream,
  progress: StreamProgress,
): Promise<boolean> {
  const { next, ...rest } = progress;
  return (await em.nativeUpdate(AuditStream, { id, organization, lease }, { ...rest, next: BigInt(next) })) > 0;
}

/** By name. */
export function streamsOf(em: EntityManager, organization: string): Promise<AuditStream[]> {
  return em.find(AuditStream, { organization }, { orderBy: { name: 'asc' } });
}

function leased(row: LeaseRow, organization: string): LeasedStream {
  const { id, name, target, attempts, lease } = row;
  return {
    id,
    organization,
    name,
    target,
    attempts,
    lease,
    next: Number(row.next_index),
    failingSince: dateOf(row.failing_since),
    toldAt: dateOf(row.told_at),
    lastError: row.last_error,
  };
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
