import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.ts';
import type { Run } from '../../platform/database/bare.ts';
import type { Actor } from '../../platform/unit-of-work.ts';
import { keptUntil, type RetentionChoice } from '../../tenancy/rules/retention.ts';
import { organizationById } from '../../tenancy/service.ts';
import { whileArchiving } from './archive-lock.ts';
import { addArchive, type ArchiveRow, findArchive, monthsKept, organizationsIn } from './archive-store.ts';
import { ArchiveDamaged } from './errors.ts';
import type { Month } from './month.ts';
import { type MonthVerifierParts, verifyDigests, verifyMonth } from './verify-month.ts';
import { type MonthWriterParts, writeMonth } from './write-month.ts';

export interface ArchivingParts extends MonthWriterParts, MonthVerifierParts {
  /** What `whileArchiving` logs in with. */
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A month in the database, and whether it may leave it. */
export interface MonthStanding {
  readonly month: Month;
  readonly organizations: readonly string[];
  /** When the last organization's retention is over. */
  readonly keptUntil: Date;
  readonly isDue: boolean;
}

/** What is being done: whoever watches sees that it goes on, and how far it came. */
export type ArchivingStep = {
  readonly month: string;
  readonly organization?: string;
  readonly step: 'writing' | 'written' | 'verified' | 'recorded' | 'dropping' | 'dropped';
};

export interface ArchivingOptions {
  /** Only months that are over before this one begins. */
  readonly before?: Month;
  readonly actor: Actor;
  readonly signal: AbortSignal;
  readonly onStep?: (step: ArchivingStep) => Promise<void> | void;
}

/**
 * PostgreSQL: a partition is taken away under a lock on the whole table, which whoever reads or writes any entry right now
 * has to let go of first, and for which everybody after that waits. It is waited for briefly, and often.
 */
const LOCK_NOT_AVAILABLE = '55P03';
const DROP_TRIES = 60;
const DROP_AGAIN_AFTER_MS = 2_000;

/**
 * Moves months whose retention is over, for every organization, out of the database: into files, which are verified from
 * disk and recorded in the log; only then is the partition dropped. Whatever kills it, the next run goes on from what is
 * recorded; nothing is dropped that is not.
 */
export class Archiving {
  readonly #parts: ArchivingParts;
  readonly #stopping = new AbortController();

  constructor(parts: ArchivingParts) {
    this.#parts = parts;
  }

  /** Breaks off what is being archived, for another process to go on with. */
  stop(): void {
    this.#stopping.abort();
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** The months in the database, oldest first, and whether they may leave it. @throws Error of the driver, Unavailable */
  async standings({ before, signal }: Pick<ArchivingOptions, 'before' | 'signal'>): Promise<MonthStanding[] | null> {
    return whileArchiving(this.#parts.databaseUrl, signal, (run) => this.#standings(run, before));
  }

  /**
   * Archives every month that is due.
   * @returns the months that have left the database; null where somebody else is archiving
   * @throws MonthNotSealed, ArchiveDamaged, ArchiveUnavailable, Unavailable, AbortError, errors of file system and driver
   */
  async run(options: ArchivingOptions): Promise<Month[] | null> {
    return whileArchiving(
      this.#parts.databaseUrl,
      AbortSignal.any([options.signal, this.#stopping.signal]),
      async (run, signal) => {
        const due = (await this.#standings(run, options.before)).filter(({ isDue }) => isDue);
        for (const standing of due) await this.#archive(run, standing, { ...options, signal });
        return due.map(({ month }) => month);
      },
    );
  }

  async #standings(run: Run, before: Month | undefined): Promise<MonthStanding[]> {
    const now = this.#parts.clock.now();
    const retentions = new Map<string, RetentionChoice>();
    const standings: MonthStanding[] = [];
    for (const month of await monthsKept(run)) {
      if (month.end > now || (before && month.end > before.start)) continue;
      const organizations = await organizationsIn(run, month);
      for (const id of organizations) if (!retentions.has(id)) retentions.set(id, await this.#retentionOf(id));
      const latest =
        latestOf(organizations.map((id) => keptUntil(month.end, retentions.get(id)!))) ?? keptUntil(month.end, {});
      standings.push({ month, organizations, keptUntil: latest, isDue: latest <= now });
    }
    return standings;
  }

  #retentionOf(organization: string): Promise<RetentionChoice> {
    return this.#parts.work.read(
      organization,
      async (em) => (await organizationById(em, organization)).settings.audit?.retention ?? {},
    );
  }

  async #archive(run: Run, { month, organizations }: MonthStanding, options: ArchivingOptions): Promise<void> {
    for (const organization of organizations) {
      options.signal.throwIfAborted();
      await this.#archiveOne(organization, month, options);
    }
    for (const organization of organizations) await this.#mustBeThere(organization, month, options.signal);
    await options.onStep?.({ month: month.name, step: 'dropping' });
    await this.#drop(run, month, options.signal);
    this.#parts.logger.info(
      { month: month.name, organizations: organizations.length },
      'a month of the audit log has left the database; it is in the archive',
    );
    await options.onStep?.({ month: month.name, step: 'dropped' });
  }

  async #archiveOne(organization: string, month: Month, { actor, signal, onStep }: ArchivingOptions): Promise<void> {
    const { work, files } = this.#parts;
    if (await work.read(organization, (em) => findArchive(em, organization, month.name))) return;
    const tell = (step: ArchivingStep['step']) => onStep?.({ month: month.name, organization, step });
    await tell('writing');
    const archived = await writeMonth(this.#parts, organization, month, signal);
    await tell('written');
    await verifyMonth(this.#parts, organization, month, archived, signal);
    await tell('verified');
    signal.throwIfAborted();
    await this.#record(organization, archived, actor);
    await tell('recorded');
    const kept = [
      files.pathOf(organization, month.name, 'bundle', archived.digest),
      files.pathOf(organization, month.name, 'personal', archived.personalDigest),
    ];
    await files.tidy(organization, month.name, kept);
  }

  async #record(organization: string, archived: Omit<ArchiveRow, 'id'>, actor: Actor): Promise<void> {
    const { month, range, treeSize, entries, digest, personalDigest } = archived;
    await this.#parts.work.write({ organization, actor, requestId: null }, async (tx) => {
      const id = await addArchive(tx.em, organization, archived, tx.at);
      const detail = {
        month,
        start: range.start,
        end: range.end,
        tree_size: treeSize,
        entries,
        sha256: digest.toString('hex'),
        personal_sha256: personalDigest.toString('hex'),
      };
      tx.record({ action: 'audit.archived', resource: { type: 'audit_archive', id }, detail });
    });
  }

  /** Files may have been lost since they were verified: a disk that was not there when we were started again, say. */
  async #mustBeThere(organization: string, { name }: Month, signal: AbortSignal): Promise<void> {
    const row = await this.#parts.work.read(organization, (em) => findArchive(em, organization, name));
    if (!row) throw new ArchiveDamaged(name, 'is not recorded');
    await verifyDigests(this.#parts.files, organization, row, signal);
  }

  /** The database looks for itself whether every entry is in an archive. */
  async #drop(run: Run, { name }: Month, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      try {
        await run('select countersign.drop_audit_partition($1)', [name]);
        return;
      } catch (error) {
        const isBusy = error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;
        if (!isBusy || tries >= DROP_TRIES) throw error;
        await pause(DROP_AGAIN_AFTER_MS, undefined, { signal });
      }
    }
  }
}

function latestOf(moments: readonly Date[]): Date | null {
  return moments.reduce<Date | null>((latest, moment) => (latest === null || moment > latest ? moment : latest), null);
}
