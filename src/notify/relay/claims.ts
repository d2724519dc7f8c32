import type { Database } from '../../platform/database/database.ts';
import type { Channel, ClaimedMessage } from './handler.ts';

/** A row of the outbox that was claimed; its body is still sealed. */
export type Claim = Omit<ClaimedMessage, 'body'> & { readonly body: Buffer | null };

export interface ClaimResult {
  readonly claims: Claim[];
  /** When the next message will be due that was not at the time of asking. */
  readonly nextDue: Date | null;
}

interface ClaimRow {
  readonly id: string;
  readonly organization_id: string;
  readonly channel: Channel;
  readonly reference: Claim['reference'];
  readonly body: Buffer | null;
  readonly attempts: number;
  readonly created_at: string;
  readonly due_at: string;
}

/** One row per message, or a single one without where nothing is due. */
type ResultRow = (ClaimRow | { readonly id: null }) & { readonly next_due: string | null };

/**
 * Per channel the longest due messages that nobody else holds. `skip locked` keeps the relays out of each other's way; a
 * message that was claimed a moment ago is checked again under its lock, and left alone.
 */
const CLAIM = `
  with room (channel, free) as (select * from jsonb_to_recordset(?::jsonb) as room (channel text, free int)),
  due as (
    select picked.id, picked.due_at from room cross join lateral (
      select id, due_at from countersign.outbox
      where channel = room.channel and failed_at is null and due_at <= ?::timestamptz
      order by due_at limit room.free for update skip locked
    ) picked
  ),
  claimed as (
    update countersign.outbox message set due_at = ?::timestamptz, attempts = message.attempts + 1
    from due where message.id = due.id
    returning message.id, message.organization_id, message.channel, message.reference, message.body, message.attempts, message.created_at, due.due_at
  )
  select claimed.*, upcoming.due_at as next_due
  from (select min(due_at) as due_at from countersign.outbox where failed_at is null and due_at > ?::timestamptz) upcoming
  left join claimed on true`;

/** A lease that has passed to somebody else, or a message that was settled, has another `due_at` by now. */
const RENEW = `
  update countersign.outbox message set due_at = ?::timestamptz
  from jsonb_to_recordset(?::jsonb) as held (id uuid, until timestamptz)
  where message.id = held.id and message.due_at = held.until and message.failed_at is null
  returning message.id`;

/** Claims messages of all organizations, under the one role that may see them. */
export class OutboxClaims {
  readonly #database: Database;

  /** @param database opened under `countersign_relay` */
  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Takes the lease of due messages, in one statement.
   * @param room how many of each channel
   * @throws Unavailable
   */
  async claim(room: ReadonlyMap<Channel, number>, now: Date, leaseUntil: Date): Promise<ClaimResult> {
    const rooms = [...room].map(([channel, free]) => ({ channel, free }));
    const at = now.toISOString();
    const rows = await this.#execute<ResultRow>(CLAIM, [JSON.stringify(rooms), at, leaseUntil.toISOString(), at]);
    const nextDue = rows[0]?.next_due;
    return {
      claims: rows.flatMap((row) => (row.id === null ? [] : [claimOf(row)])),
      nextDue: nextDue ? new Date(nextDue) : null,
    };
  }

  /**
   * Makes leases longer.
   * @param held ids, and when the lease of each ends now
   * @returns the ids of those that were still held
   * @throws Unavailable
   */
  async renew(held: ReadonlyMap<string, Date>, leaseUntil: Date): Promise<string[]> {
    const leases = [...held].map(([id, until]) => ({ id, until: until.toISOString() }));
    const rows = await this.#execute<{ id: string }>(RENEW, [leaseUntil.toISOString(), JSON.stringify(leases)]);
    return rows.map((row) => row.id);
  }

  #execute<T extends object>(sql: string, parameters: string[]): Promise<T[]> {
    return this.#database.reach(() => this.#database.fork(null).execute<T[]>(sql, parameters));
  }
}

function claimOf(row: ClaimRow): Claim {
  const { id, channel, reference, body, attempts } = row;
  return {
    id,
    organization: row.organization_id,
    channel,
    reference,
    body,
    attempts,
    createdAt: new Date(row.created_at),
    dueAt: new Date(row.due_at),
  };
}
