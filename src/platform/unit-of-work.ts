import type { EntityName, RequiredEntityData } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { AuditRecord } from './audit-record.ts';
import type { Clock } from './clock.ts';
import type { UnlockedKeys, Vault } from './crypto/vault.ts';
import { Additions } from './database/additions.ts';
import type { Database } from './database/database.ts';
import { isWorthRepeating } from './database/failures.ts';
import { type RequestSource, sourceSubject } from './request-source.ts';

/** Who does something. Ids are internal; `null` where there is no row for the actor (the operator, the clock). */
export interface Actor {
  readonly type: 'person' | 'service' | 'operator' | 'workflow' | 'system';
  readonly id: string | null;
  /** The API key that was used, where one was. */
  readonly key?: string | null;
}

/** On whose behalf and from where a transaction runs. */
export interface Origin {
  readonly organization: string;
  readonly actor: Actor;
  /** Follows a request through log, audit log and workflow. */
  readonly requestId: string | null;
  /** Where the request came from, where there was one. */
  readonly source?: RequestSource | null;
}

/** Something that must happen after the commit, at least once: a mail, a webhook delivery, a call to a workflow, a new price for old lines, a step about a budget, a Schedule of reports. */
export interface OutboxMessage {
  readonly id: string;
  readonly channel: 'mail' | 'webhook' | 'workflow' | 'rating' | 'budget' | 'report';
  /** What the relay needs to know besides the body; opaque ids and codes only. */
  readonly reference: Readonly<Record<string, string | number | null>>;
  /** Sealed for all of `subjects`, until it is delivered. */
  readonly body?: { readonly subjects: readonly string[]; readonly text: string };
  /** Not before this moment; unset: at once. */
  readonly dueAt?: Date;
}

/** How audit entries and outbox rows are written; the two features own their tables. */
export interface TransactionLog {
  /** @param keys those of whoever `origin.source` tells about, where it is known */
  writeAudit(tx: Transaction, keys: UnlockedKeys): void;
  writeOutbox(tx: Transaction, keys: UnlockedKeys): void;
  settleOutbox(em: EntityManager, messages: readonly string[]): Promise<void>;
}

/** Told after each commit, so that whoever waits need not poll. */
export interface ChangeNotifier {
  outboxFilled(): void;
  auditWritten(): void;
  changed(resource: string): void;
}

/** A change that brings no audit entry is a defect: nothing of it is kept. */
export class MissingAuditEntry extends Error {
  readonly code = 'missing-audit-entry';
  constructor() {
    super('a transaction was about to change something without an audit entry');
  }
}

/** One open transaction: the change, its audit entries and its outbox rows, which are committed together or not at all. */
export class Transaction {
  readonly em: EntityManager;
  origin: Origin;
  readonly at: Date;
  readonly audit: AuditRecord[] = [];
  readonly outbox: OutboxMessage[] = [];
  readonly settled: string[] = [];
  readonly changes = new Set<string>();
  readonly additions = new Additions();

  constructor(em: EntityManager, origin: Origin, at: Date) {
    this.em = em;
    this.origin = origin;
    this.at = at;
  }

  /** The audit log is to name whoever asked for this, not the workflow that carries it out. */
  actAs(actor: Actor, requestId: string | null, source: RequestSource | null): void {
    this.origin = { ...this.origin, actor, requestId, source };
  }

  /** Adds a row that nobody looks at again before the commit. Whatever is to be changed or found is `em`'s. */
  add<Entity extends object>(entity: EntityName<Entity>, row: RequiredEntityData<Entity>): void {
    this.additions.add(entity, row);
  }

  /** Adds an entry to the audit log. */
  record(entry: AuditRecord): void {
    this.audit.push(entry);
  }

  /** Has something happen after the commit. */
  enqueue(message: OutboxMessage): void {
    this.outbox.push(message);
  }

  /** This message need not be delivered any more: what it asks for is done by this transaction. */
  settle(message: string): void {
    this.settled.push(message);
  }

  /** Wakes whoever waits for this resource, once it is committed. */
  touch(resource: string): void {
    this.changes.add(resource);
  }
}

const ATTEMPTS = 5;

/**
 * The one way to change anything: a transaction that sees one organization and holds the change, its audit entry and its
 * outbox rows. No mail, HTTP or Temporal call belongs between its BEGIN and COMMIT.
 */
export class UnitOfWork {
  readonly database: Database;
  readonly vault: Vault;
  readonly #clock: Clock;
  readonly #log: TransactionLog;
  readonly #notifier: ChangeNotifier;

  constructor(parts: {
    database: Database;
    vault: Vault;
    clock: Clock;
    log: TransactionLog;
    notifier: ChangeNotifier;
  }) {
    this.database = parts.database;
    this.vault = parts.vault;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#notifier = parts.notifier;
  }

  /** Reads what one organization may see, in one consistent read-only transaction. */
  read<T>(organization: string, work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.database.read(organization, work);
  }

  /** As `read`, for what is longer than memory should hold. */
  readInPieces<T>(organization: string, read: (em: EntityManager) => AsyncIterable<T>): AsyncIterable<T> {
    return this.database.readInPieces(organization, read);
  }

  /**
   * Changes something, and says so in the audit log.
   * @param at the moment of the change where the caller knows it better than the clock (a workflow's timer)
   * @throws MissingAuditEntry where the work recorded none
   * @throws Unavailable where the database does not answer
   */
  write<T>(origin: Origin, work: (tx: Transaction) => Promise<T>, at?: Date): Promise<T> {
    return this.#run(origin, work, at, true);
  }

  /**
   * Keeps books that are no change of anybody's data: attempts of a delivery, a request's stored answer, an intent that
   * will be recorded when it is carried out. Everything else goes through `write`.
   */
  bookkeep<T>(origin: Origin, work: (tx: Transaction) => Promise<T>, at?: Date): Promise<T> {
    return this.#run(origin, work, at, false);
  }

  /** Does something and takes all of it back: what would come of it, without changing anything. */
  async rehearse<T>(origin: Origin, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const takenBack = new Error('rehearsed');
    let result: { value: T } | undefined;
    try {
      await this.database.reach(() =>
        this.database.fork(origin.organization).transactional(async (em) => {
          result = { value: await work(new Transaction(em, origin, this.#clock.now())) };
          throw takenBack;
        }),
      );
    } catch (error) {
      if (error !== takenBack) throw error;
    }
    return result!.value;
  }

  async #run<T>(
    origin: Origin,
    work: (tx: Transaction) => Promise<T>,
    at: Date | undefined,
    audited: boolean,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.database.reach(() => this.#once(origin, work, at ?? this.#clock.now(), audited));
      } catch (error) {
        if (attempt >= ATTEMPTS || !isWorthRepeating(error)) throw error;
      }
    }
  }

  async #once<T>(origin: Origin, work: (tx: Transaction) => Promise<T>, at: Date, audited: boolean): Promise<T> {
    let committed: Transaction | undefined;
    const result = await this.database.fork(origin.organization).transactional(async (em) => {
      const tx = new Transaction(em, origin, at);
      const value = await work(tx);
      await this.#writeLog(tx, audited);
      committed = tx;
      return value;
    });
    if (committed) this.#announce(committed);
    return result;
  }

  async #writeLog(tx: Transaction, audited: boolean): Promise<void> {
    const { em, origin } = tx;
    if (audited && tx.audit.length === 0 && (!tx.additions.isEmpty || (await hasWritten(em))))
      throw new MissingAuditEntry();
    // Keys that this transaction makes are among those that may be needed, and what is added may refer to what is made.
    await em.flush();
    const keys = await this.vault.unlock(em, origin.organization, subjectsIn(tx));
    this.#log.writeAudit(tx, keys);
    if (tx.settled.length > 0) await this.#log.settleOutbox(em, tx.settled);
    this.#log.writeOutbox(tx, keys);
    await tx.additions.write(em);
  }

  #announce(tx: Transaction): void {
    if (tx.outbox.length > 0) this.#notifier.outboxFilled();
    if (tx.audit.length > 0) this.#notifier.auditWritten();
    for (const resource of tx.changes) this.#notifier.changed(resource);
  }
}

/** Everybody whose keys are needed to write the log. */
function subjectsIn({ origin, audit, outbox }: Transaction): string[] {
  const written = outbox.flatMap((message) => message.body?.subjects ?? []);
  return audit.length > 0 && origin.source ? [...written, sourceSubject(origin)] : written;
}

/**
 * A transaction has an id as soon as it has written, or locked a row; what it has written to, it holds a stronger lock on
 * (PostgreSQL, 13.3.1): a row that is locked and left as it was is no change.
 */
async function hasWritten(em: EntityManager): Promise<boolean> {
  await em.flush();
  const [row] = await em.execute<{ written: boolean }[]>(
    `select pg_current_xact_id_if_assigned() is not null and exists (
       select from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and mode = 'RowExclusiveLock') as written`,
  );
  return row?.written ?? false;
}
