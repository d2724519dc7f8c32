import { LockMode } from '@mikro-orm/core';
import { ProblemError } from '../platform/errors.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { ApprovalRow, IntentRow } from './entities.ts';
import { openStageOf } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** How long those who were reminded by hand are left in peace; the chain's own reminders come all the same. */
export const REMIND_AGAIN_AFTER_MS = 10 * 60_000;

/**
 * Takes a reminder by hand for the open stage, unless there was one a short while ago: each of them is a mail to everybody.
 * @returns what the intent has to say: the stage and the revision it is for
 * @throws ProblemError `rate-limited`, with the seconds to wait
 */
export async function takeReminder(
  { em, at }: Transaction,
  { row, approval }: StoredApproval,
): Promise<{ stage: number; revision: number }> {
  // Two who press the button at the same moment are looked at one after the other.
  await em.findOneOrFail(ApprovalRow, { id: row.id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const stage = openStageOf(approval)?.index ?? -1;
  const recent = await em.find(IntentRow, {
    approval: row.id,
    kind: 'remind',
    state: { $ne: 'refused' },
    createdAt: { $gt: new Date(at.getTime() - REMIND_AGAIN_AFTER_MS) },
  });
  const last = recent
    .filter(({ command }) => command['stage'] === stage && command['revision'] === row.revision)
    .map(({ createdAt }) => createdAt.getTime());
  if (last.length > 0) throw tooSoon(Math.max(...last) + REMIND_AGAIN_AFTER_MS - at.getTime());
  return { stage, revision: row.revision };
}

function tooSoon(waitMs: number): ProblemError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new ProblemError(
    'rate-limited',
    `Everybody who is asked was reminded a short while ago. Remind them again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}
