import { randomInt, timingSafeEqual } from 'node:crypto';
import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import { ProblemError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { mailMessage } from '../platform/mail-message.ts';
import { compareAmounts, parseAmount } from '../platform/money.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import type { OrganizationSettings, People } from '../tenancy/service.ts';
import { openDetails } from './details.ts';
import { ApprovalRow, AskRow, StepUpCode } from './entities.ts';
import { stepUpMail } from './mails.ts';

const VALID_MINUTES = 10;
const ATTEMPTS_PER_CODE = 5;
const CODES_PER_HOUR = 5;
const HOUR_MS = 3_600_000;

/** Whose decision on what a code confirms. */
export interface Confirmed {
  readonly approval: string;
  readonly person: string;
  /**
   * The id of the link or the session through which it is decided. Codes and attempts are counted for each: whoever got
   * hold of a link can use up its own, and the approver still has the inbox and the next mail.
   */
  readonly door: string;
}

/** `none` was mailed; it is `used`, `expired`, was tried too often (`exhausted`), or is another one (`wrong`). */
export type CodeFault = 'none' | 'used' | 'expired' | 'exhausted' | 'wrong';

/** What a decision takes besides the decision. */
export interface CodeState {
  /** Whether a code was mailed that can still be entered. */
  readonly mailed: boolean;
}

/** The code does not confirm the decision. */
export class CodeRefused extends Error {
  readonly code = 'step-up-code-refused';
  readonly fault: CodeFault;
  constructor(fault: CodeFault) {
    super(`the code is refused: ${fault}`);
    this.fault = fault;
  }
}

/**
 * Whether a decision on this amount takes a code. An amount in another currency cannot be compared with the
 * organization's, so it does.
 */
export function needsCode(
  from: OrganizationSettings['step_up_amount'],
  { amount, currency }: Pick<ApprovalRow, 'amount' | 'currency'>,
): boolean {
  if (!from || amount == null) return false;
  return currency !== from.currency || compareAmounts(parseAmount(amount), parseAmount(from.value)) >= 0;
}

/** Codes that are mailed separately and confirm a decision: a mail that was forwarded, or a session left open, is not enough. */
export class StepUp {
  readonly #work: UnitOfWork;
  readonly #master: MasterKey;
  readonly #people: People;

  constructor(parts: { work: UnitOfWork; master: MasterKey; people: People }) {
    this.#work = parts.work;
    this.#master = parts.master;
    this.#people = parts.people;
  }

  /** @returns null where a decision on this request takes no code */
  async stateOf(
    em: EntityManager,
    { step_up_amount: from }: OrganizationSettings,
    request: ApprovalRow,
    asked: Omit<Confirmed, 'approval'>,
    at: Date,
  ): Promise<CodeState | null> {
    if (!needsCode(from, request)) return null;
    const latest = await em.findOne(StepUpCode, keyOf({ ...asked, approval: request.id }), NEWEST);
    return { mailed: latest !== null && latest.attempts < ATTEMPTS_PER_CODE && faultOf(latest, at) === null };
  }

  /**
   * Mails a fresh code, which replaces those before.
   * @throws ProblemError `not-an-approver`; `rate-limited` after five codes within an hour
   */
  async mail(origin: Origin, confirmed: Confirmed): Promise<void> {
    const { approval, person, door } = confirmed;
    await this.#work.write(origin, async (tx) => {
      const { em, at } = tx;
      // The lock has those who press the button at the same time counted one after the other.
      const ask = await em.findOne(
        AskRow,
        { approval, person, pending: true },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (!ask) throw new ProblemError('not-an-approver', 'You are not asked in the open stage of this request.');
      await refuseTooMany(em, confirmed, at);
      const code = String(randomInt(1_000_000)).padStart(6, '0');
      const row = em.create(StepUpCode, {
        id: newId(at),
        organization: origin.organization,
        approval,
        person,
        door,
        hash: this.#hash(confirmed, code),
        createdAt: at,
        expiresAt: new Date(at.getTime() + VALID_MINUTES * 60_000),
      });
      em.persist(row);
      await this.#enqueue(tx, confirmed, code);
      tx.record({
        action: 'step_up.code_mailed',
        resource: { type: 'approval', id: approval },
        detail: { code: row.id },
      });
    });
  }

  /**
   * Tries a code and counts the attempt, whatever becomes of the decision. It stays usable, for the transaction that
   * records the decision.
   * @throws CodeRefused
   */
  async attempt(origin: Origin, confirmed: Confirmed, code: string): Promise<void> {
    const fault = await this.#work.write(origin, async (tx) => {
      const latest = await this.#lockLatest(tx, confirmed);
      if (!latest) return 'none';
      const found = latest.attempts >= ATTEMPTS_PER_CODE ? 'exhausted' : this.#judge(latest, confirmed, code, tx.at);
      latest.attempts += 1;
      tx.record({
        action: 'step_up.attempted',
        resource: { type: 'approval', id: confirmed.approval },
        outcome: found === null ? 'success' : 'denied',
        detail: { code: latest.id, fault: found },
      });
      return found;
    });
    if (fault !== null) throw new CodeRefused(fault);
  }

  /**
   * Uses the code up, in the transaction that records the decision.
   * @throws CodeRefused where another decision has used it meanwhile
   */
  async use(tx: Transaction, confirmed: Confirmed, code: string): Promise<void> {
    const latest = await this.#lockLatest(tx, confirmed);
    const fault = latest ? this.#judge(latest, confirmed, code, tx.at) : 'none';
    if (!latest || fault !== null) throw new CodeRefused(fault ?? 'none');
    latest.usedAt = tx.at;
  }

  #lockLatest({ em }: Transaction, confirmed: Confirmed): Promise<StepUpCode | null> {
    return em.findOne(StepUpCode, keyOf(confirmed), { ...NEWEST, lockMode: LockMode.PESSIMISTIC_WRITE });
  }

  #judge(row: StepUpCode, confirmed: Confirmed, code: string, at: Date): CodeFault | null {
    const fault = faultOf(row, at);
    if (fault !== null) return fault;
    return timingSafeEqual(this.#hash(confirmed, code), row.hash) ? null : 'wrong';
  }

  /** Keyed: a million codes are soon hashed by whoever reads the table. */
  #hash({ approval, person, door }: Confirmed, code: string): Buffer {
    return this.#master.lookupHash(`step-up/${approval}/${person}/${door}`, code);
  }

  async #enqueue(tx: Transaction, { approval, person }: Confirmed, code: string): Promise<void> {
    const { em, origin, at } = tx;
    const row = await em.findOneOrFail(ApprovalRow, { id: approval });
    const keys = await this.#work.vault.unlock(em, origin.organization, [row.requester]);
    const title = openDetails(keys, approval, row.details)?.title ?? null;
    const { email } = (await this.#people.profiles(em, origin.organization, [person])).of(person);
    if (email === null) throw new ProblemError('not-an-approver', 'No address is known for you any more.');
    const content = stepUpMail(title ?? 'a request whose requester was erased', code, VALID_MINUTES);
    // The title is the requester's: the mail is readable only while both are known.
    tx.enqueue(
      mailMessage({
        ...content,
        id: newId(at),
        to: email,
        subjects: title === null ? [person] : [person, row.requester],
        reference: { kind: 'step_up', approval, person },
      }),
    );
  }
}

/** Pages that are shown are among what is confirmed, and bring more along. */
function keyOf({ approval, person, door }: Confirmed): Confirmed {
  return { approval, person, door };
}

const NEWEST = { orderBy: { createdAt: 'desc', id: 'desc' } } as const;

function faultOf(row: StepUpCode, at: Date): CodeFault | null {
  if (row.usedAt) return 'used';
  return row.expiresAt <= at ? 'expired' : null;
}

async function refuseTooMany(em: EntityManager, confirmed: Confirmed, at: Date): Promise<void> {
  const recent = await em.find(
    StepUpCode,
    { ...keyOf(confirmed), createdAt: { $gt: new Date(at.getTime() - HOUR_MS) } },
    { orderBy: { createdAt: 'asc' } },
  );
  const [oldest] = recent;
  if (!oldest || recent.length < CODES_PER_HOUR) return;
  const retryAfterSeconds = Math.max(1, Math.ceil((oldest.createdAt.getTime() + HOUR_MS - at.getTime()) / 1000));
  throw new ProblemError(
    'rate-limited',
    `${CODES_PER_HOUR} codes were mailed within the hour. Use the newest one, or ask for another in ${Math.ceil(retryAfterSeconds / 60)} min.`,
    { retryAfterSeconds },
  );
}
