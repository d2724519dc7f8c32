import type { EntityManager } from '@mikro-orm/postgresql';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import type { ClaimedMessage } from './handler.ts';
import type { Lane } from './lane.ts';
import type { Verdict } from './verdict.ts';

/** An attempt whose end is still to be written. */
export interface Attempt {
  readonly message: ClaimedMessage;
  readonly lane: Lane;
  readonly verdict: Verdict;
}

type EndedAs<Ending extends Verdict['ending']> = Attempt & { readonly verdict: Extract<Verdict, { ending: Ending }> };

/**
 * Writes how attempts of one organization ended, in one transaction, together with whatever else is to be written about them.
 * An attempt whose message was settled or taken over by somebody else meanwhile is passed over, and its bookkeeping with it:
 * what is told of a message is told once.
 * @param withBookkeeping false: the messages alone
 * @throws Unavailable, and what the bookkeeping throws
 */
export function writeEndings(work: UnitOfWork, attempts: readonly Attempt[], withBookkeeping: boolean): Promise<void> {
  const origin: Origin = {
    organization: attempts[0]!.message.organization,
    actor: { type: 'system', id: null },
    requestId: null,
  };
  return work.bookkeep(origin, async (tx) => {
    const written = new Set([
      ...(await remove(tx.em, [...endedAs(attempts, 'delivered'), ...endedAs(attempts, 'obsolete')])),
      ...(await reschedule(tx.em, endedAs(attempts, 'retry'))),
      ...(await giveUp(tx, endedAs(attempts, 'given-up'))),
      ...(await postpone(tx.em, endedAs(attempts, 'postponed'))),
    ]);
    if (!withBookkeeping) return;
    for (const attempt of attempts) if (written.has(attempt.message.id)) await keepBooks(tx, attempt);
  });
}

async function keepBooks(tx: Transaction, { message, lane, verdict }: Attempt): Promise<void> {
  if (verdict.ending === 'postponed' || verdict.ending === 'obsolete') return;
  const { hooks } = lane.options;
  await verdict.record?.(tx, verdict.ending);
  if (verdict.ending === 'delivered') await hooks?.onDelivered?.(tx, message);
  if (verdict.ending === 'given-up') await hooks?.onGivenUp?.(tx, message, verdict.error);
}

function remove(em: EntityManager, attempts: EndedAs<'delivered' | 'obsolete'>[]): Promise<string[]> {
  if (attempts.length === 0) return nothing();
  return idsOf(em, 'delete from countersign.outbox where id in (?) returning id', [
    attempts.map(({ message }) => message.id),
  ]);
}

/** `attempts` tells whether it is still this process's turn: every claim counts one up. */
function reschedule(em: EntityManager, attempts: EndedAs<'retry'>[]): Promise<string[]> {
  if (attempts.length === 0) return nothing();
  return idsOf(
    em,
    `update countersign.outbox message set due_at = retry.due_at, last_error = retry.error
     from jsonb_to_recordset(?::jsonb) as retry (id uuid, attempts int, due_at timestamptz, error text)
     where message.id = retry.id and message.attempts = retry.attempts and message.failed_at is null returning message.id`,
    [
      JSON.stringify(
        attempts.map(({ message, verdict }) => ({
          id: message.id,
          attempts: message.attempts,
          due_at: verdict.dueAt,
          error: verdict.error,
        })),
      ),
    ],
  );
}

/** The body goes: nobody is to find a link or an address in a message that nobody sends. */
function giveUp(tx: Transaction, attempts: EndedAs<'given-up'>[]): Promise<string[]> {
  if (attempts.length === 0) return nothing();
  return idsOf(
    tx.em,
    `update countersign.outbox message set failed_at = ?::timestamptz, last_error = failed.error, body = null
     from jsonb_to_recordset(?::jsonb) as failed (id uuid, attempts int, error text)
     where message.id = failed.id and message.attempts = failed.attempts and message.failed_at is null returning message.id`,
    [
      tx.at.toISOString(),
      JSON.stringify(
        attempts.map(({ message, verdict }) => ({ id: message.id, attempts: message.attempts, error: verdict.error })),
      ),
    ],
  );
}

function postpone(em: EntityManager, attempts: EndedAs<'postponed'>[]): Promise<string[]> {
  if (attempts.length === 0) return nothing();
  return idsOf(
    em,
    `update countersign.outbox message set due_at = later.due_at, attempts = message.attempts - 1
     from jsonb_to_recordset(?::jsonb) as later (id uuid, attempts int, due_at timestamptz)
     where message.id = later.id and message.attempts = later.attempts and message.failed_at is null returning message.id`,
    [
      JSON.stringify(
        attempts.map(({ message, verdict }) => ({ id: message.id, attempts: message.attempts, due_at: verdict.dueAt })),
      ),
    ],
  );
}

async function idsOf(em: EntityManager, sql: string, parameters: unknown[]): Promise<string[]> {
  const rows = await em.execute<{ id: string }[]>(sql, parameters);
  return rows.map((row) => row.id);
}

function nothing(): Promise<string[]> {
  return Promise.resolve([]);
}

function endedAs<Ending extends Verdict['ending']>(attempts: readonly Attempt[], ending: Ending): EndedAs<Ending>[] {
  return attempts.filter((attempt): attempt is EndedAs<Ending> => attempt.verdict.ending === ending);
}
