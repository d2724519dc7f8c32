import type { EntityManager } from '@mikro-orm/postgresql';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { readDigested, summaryOf } from './change-store.ts';
import { countUndigested, findUnrecorded } from './check-store.ts';
import { type Minute, minuteSchema, type Summary } from './summary.ts';

/** Something that is not as it was written; `seq` is the entry of the audit log that shows it. */
type Report = (finding: { seq: number | null; what: string }) => void;

export interface CheckedJournal {
  /** Entries that were compared with the journal. */
  readonly minutes: number;
  /** Changes that no entry covers yet. */
  readonly waiting: number;
}

/** Of each kind; whoever has more has seen enough. */
const SHOWN_AT_MOST = 1_000;

/**
 * Compares an organization's journal of reservations, and the reservations, with the digests in its audit log. The entries
 * are given to it in the order of the log; whether they are the ones that were sealed is for others to say.
 */
export class JournalCheck {
  readonly #work: UnitOfWork;
  readonly #organization: string;
  readonly #report: Report;
  readonly #digestedBefore: number;
  #to = 0;
  #minutes = 0;

  private constructor(parts: { work: UnitOfWork; organization: string; report: Report; digestedBefore: number }) {
    this.#work = parts.work;
    this.#organization = parts.organization;
    this.#report = parts.report;
    this.#digestedBefore = parts.digestedBefore;
  }

  /** To be begun before the log is read: what was digested by then must be in it. @throws Unavailable */
  static async begin(work: UnitOfWork, organization: string, report: Report): Promise<JournalCheck> {
    const digestedBefore = await work.read(organization, (em) => readDigested(em, organization));
    return new JournalCheck({ work, organization, report, digestedBefore });
  }

  /** @param detail of an entry `reservations.recorded` */
  async take(seq: number, detail: unknown): Promise<void> {
    const { success, data: minute } = minuteSchema.safeParse(detail);
    if (!success) return this.#report({ seq, what: 'it is no digest of reservations' });
    this.#minutes += 1;
    if (minute.after !== this.#to)
      this.#report({
        seq,
        what: `it covers changes of reservations from ${minute.after} on, and the one before ends with ${this.#to}`,
      });
    this.#to = minute.to;
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
    const [digested, waiting, unrecorded] = await this.#read(async (em) => [
      await readDigested(em, organization),
      await countUndigested(em, organization, this.#to),
      await findUnrecorded(em, organization, SHOWN_AT_MOST),
    ]);
    if (isWhole && this.#digestedBefore > this.#to)
      this.#report({
        seq: null,
        what: `changes of reservations up to ${this.#digestedBefore} are taken for digested, and the digests end with ${this.#to}`,
      });
    if (digested < this.#to)
      this.#report({
        seq: null,
        what: `changes of reservations up to ${digested} are taken for digested, and the digests go on to ${this.#to}`,
      });
    for (const { id, what } of unrecorded) this.#report({ seq: null, what: MEANINGS[what](id) });
    return { minutes: this.#minutes, waiting };
  }

  #read<T>(work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.#work.read(this.#organization, work);
  }
}

const MEANINGS = {
  reservation: (id: string) => `reservation ${id} is not what the journal says it came to be`,
  change: (id: string) => `change ${id} is one of a reservation that is missing`,
};

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
