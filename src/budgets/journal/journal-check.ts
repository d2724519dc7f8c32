import type { EntityManager } from '@mikro-orm/postgresql';
import type { BareDatabase } from '../../platform/database/bare.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { readDigested, summaryOf } from './change-store.ts';
import { findUndigested, type Undigested } from './check-store.ts';
import { lastDrawn } from './horizon.ts';
import { checkReservations } from './reservations-check.ts';
import { type Minute, minuteSchema, type Summary } from './summary.ts';

export interface JournalCheckParts {
  readonly work: UnitOfWork;
  /** Opened under `countersign_sealer`. */
  readonly sealer: BareDatabase;
}

/** Something that is not as it was written; `seq` is the entry of the audit log that shows it. */
type Report = (finding: { seq: number | null; what: string }) => void;

/** What one entry says to have digested. */
interface Covered {
  readonly seq: number;
  readonly after: number;
  readonly to: number;
}

export interface CheckedJournal {
  /** Entries that were compared with the journal. */
  readonly minutes: number;
  /** Changes that no entry covers yet. */
  readonly waiting: number;
}

/** A minute is digested within two where a worker runs, and later only where a transaction stays open. */
const OVERDUE_AFTER_MS = 600_000;

/**
 * Compares an organization's journal of reservations, and the reservations, with the digests in its audit log. The entries
 * may be given to it in any order; whether they are the ones that were sealed is for others to say.
 */
export class JournalCheck {
  readonly #work: UnitOfWork;
  readonly #sealer: BareDatabase;
  readonly #organization: string;
  readonly #report: Report;
  readonly #digestedBefore: number;
  readonly #covered: Covered[] = [];

  private constructor(parts: JournalCheckParts & { organization: string; report: Report; digestedBefore: number }) {
    this.#work = parts.work;
    this.#sealer = parts.sealer;
    this.#organization = parts.organization;
    this.#report = parts.report;
    this.#digestedBefore = parts.digestedBefore;
  }

  /** To be begun before the log is read: what was digested by then must be in it. @throws Unavailable */
  static async begin({ work, sealer }: JournalCheckParts, organization: string, report: Report): Promise<JournalCheck> {
    const digestedBefore = await work.read(organization, (em) => readDigested(em, organization));
    return new JournalCheck({ work, sealer, organization, report, digestedBefore });
  }

  /** @param detail of an entry `reservations.recorded` */
  async take(seq: number, detail: unknown): Promise<void> {
    const { success, data: minute } = minuteSchema.safeParse(detail);
    if (!success) return this.#report({ seq, what: 'it is no digest of reservations' });
    this.#covered.push({ seq, after: minute.after, to: minute.to });
    const stored = await this.#read((em) => summaryOf(em, this.#organization, minute));
    if (!isSame(minute, stored))
      this.#report({
        seq,
        what: `the reservations of the minute ${minute.minute} are not as they were: ${difference(minute, stored)}`,
      });
  }

  /**
   * To be called after the last entry.
   * @param isWhole whether every entry of the log was given
   */
  async finish(isWhole: boolean): Promise<CheckedJournal> {
    const organization = this.#organization;
    const end = this.#contiguousEnd();
    const [digested, undigested] = await this.#read(async (em) => [
      await readDigested(em, organization),
      await findUndigested(em, organization, { after: end, overdueAfterMs: OVERDUE_AFTER_MS }),
    ]);
    const drawn = await lastDrawn(this.#sealer);
    this.#reportUndigested(undigested, drawn);
    // Digests that wait to be sealed may go on, but not beyond what was drawn.
    if (this.#digestedBefore > (isWhole ? end : Math.max(end, drawn)))
      this.#report({
        seq: null,
        what: `changes of reservations up to ${this.#digestedBefore} are taken for digested, and the digests end with ${end}`,
      });
    if (digested < end)
      this.#report({
        seq: null,
        what: `changes of reservations up to ${digested} are taken for digested, and the digests go on to ${end}`,
      });
    for (const what of await checkReservations(this.#work, organization)) this.#report({ seq: null, what });
    return { minutes: this.#covered.length, waiting: undigested.changes };
  }

  /**
   * Two workers, or a clock that was set back, have minutes stand in the log in another order than in the journal: each has
   * to begin where another one ends all the same.
   * @returns where the last one ends
   */
  #contiguousEnd(): number {
    let end = 0;
    for (const { seq, after, to } of this.#covered.toSorted(
      (one, other) => one.after - other.after || one.to - other.to,
    )) {
      if (after !== end)
        this.#report({
          seq,
          what: `it covers changes of reservations from ${after} on, and the one before ends with ${end}`,
        });
      end = to;
    }
    return end;
  }

  /** @param drawn read after the changes: numbers are drawn meanwhile */
  #reportUndigested({ overdue, last }: Undigested, drawn: number): void {
    if (last > drawn)
      this.#report({
        seq: null,
        what: `there is a change of reservations with the number ${last}, and none above ${drawn} was drawn`,
      });
    if (overdue > 0)
      this.#report({
        seq: null,
        what: `${overdue} changes of reservations have waited for their digest for more than ten minutes; a worker that runs digests them within two`,
      });
  }

  #read<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.#work.read(this.#organization, work);
  }
}

function isSame(proven: Minute, stored: Summary): boolean {
  return (
    proven.digest === stored.digest &&
    proven.changes === stored.changes &&
    JSON.stringify(proven.totals) === JSON.stringify(stored.totals)
  );
}

function difference(proven: Minute, { changes }: Summary): string {
  if (changes < proven.changes) return `${proven.changes - changes} of ${proven.changes} changes are missing`;
  if (changes > proven.changes)
    return `there are ${changes - proven.changes} changes more than the ${proven.changes} of then`;
  return `something of its ${changes} changes was altered`;
}
