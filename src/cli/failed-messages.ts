import type { EntityManager } from '@mikro-orm/postgresql';
import type { Database } from '../platform/database/database.ts';
import type { OutboxMessage } from '../platform/unit-of-work.ts';

/** A delivery that was given up. Ids and codes only: its body is gone by then. */
export interface FailedMessage {
  readonly id: string;
  readonly organization: string;
  readonly channel: OutboxMessage['channel'];
  readonly reference: OutboxMessage['reference'];
  readonly attempts: number;
  readonly error: string | null;
  readonly failedAt: string;
}

const COLUMNS = `id, organization_id as organization, channel, reference, attempts, last_error as error,
  to_char(failed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "failedAt"`;

/**
 * Deliveries that were given up, of every organization, oldest first.
 * @param database opened under `countersign_relay`
 * @param limit at most so many; the oldest
 */
export function failedMessages(database: Database, limit: number): Promise<FailedMessage[]> {
  return database
    .fork(null)
    .execute<FailedMessage[]>(
      `select ${COLUMNS} from countersign.outbox where failed_at is not null order by failed_at, id limit ?`,
      [limit],
    );
}

/** Those of these that were given up. */
export function failedMessagesById(database: Database, ids: readonly string[]): Promise<FailedMessage[]> {
  return database
    .fork(null)
    .execute<FailedMessage[]>(
      `select ${COLUMNS} from countersign.outbox where failed_at is not null and id in (?) order by failed_at, id`,
      [ids],
    );
}

/** Has a delivery tried again from the beginning, with all the time that a new one has. */
export async function putBack(em: EntityManager, id: string): Promise<void> {
  await em.execute(
    'update countersign.outbox set failed_at = null, last_error = null, attempts = 0, created_at = now(), due_at = now() where id = ? and failed_at is not null',
    [id],
  );
}
