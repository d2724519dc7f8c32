import type { Clock } from '../platform/clock.ts';
import type { Caller } from '../platform/http/caller.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import { isOwn } from './access.ts';
import type { StoredApproval } from './store.ts';
import type { ApprovalView } from './view.ts';

const HOUR_MS = 3_600_000;
/** More reads than this within an hour are recorded more than once rather than remembered. */
const REMEMBERED_AT_MOST = 50_000;

/**
 * Has the audit log say who was shown what approvers wrote, where they neither asked for the request nor are asked in it:
 * auditors, officers, admins. Once an hour for each reader and request, as far as this process knows; another one says it
 * once more. It is written before the answer goes out: what cannot be recorded is not shown.
 */
export class ReasonReads {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;
  #hour = 0;
  #noted = new Set<string>();

  constructor(parts: { work: UnitOfWork; clock: Clock }) {
    this.#work = parts.work;
    this.#clock = parts.clock;
  }

  /**
   * @param shown requests whose reasons the caller is about to see; those that have none are left out by the caller
   * @throws Unavailable
   */
  async note(caller: Caller, origin: Origin, shown: readonly StoredApproval[]): Promise<void> {
    this.#forgetEarlierHours();
    const unnoted = shown.filter((stored) => !isConcerned(caller, stored) && !this.#noted.has(keyOf(caller, stored)));
    if (unnoted.length === 0) return;
    await this.#work.write(origin, async (tx) => {
      for (const { row } of unnoted)
        tx.record({ action: 'approval.reasons_read', resource: { type: 'approval', id: row.id }, team: row.team });
    });
    for (const stored of unnoted) this.#noted.add(keyOf(caller, stored));
  }

  #forgetEarlierHours(): void {
    const hour = Math.floor(this.#clock.now().getTime() / HOUR_MS);
    if (hour === this.#hour && this.#noted.size < REMEMBERED_AT_MOST) return;
    this.#hour = hour;
    this.#noted = new Set();
  }
}

/** Whether anything is shown that an approver, or whoever ended the request, wrote. */
export function showsReasons({ stored, lastWords }: ApprovalView): boolean {
  return lastWords !== null || stored.decisions.some((decision) => decision.comment);
}

function isConcerned(caller: Caller, stored: StoredApproval): boolean {
  if (isOwn(caller, stored)) return true;
  return (
    caller.person !== null &&
    stored.asks.some(({ person, onBehalfOf }) => person === caller.person || onBehalfOf === caller.person)
  );
}

function keyOf(caller: Caller, { row }: StoredApproval): string {
  return `${caller.person ?? caller.key}/${row.id}`;
}
