import { type AnyEntity, type EntityClass, type EntitySchema, IsolationLevel, MikroORM } from '@mikro-orm/core';
import { type EntityManager, PostgreSqlDriver } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { Unavailable } from '../errors.ts';
import { isDatabaseGone } from './failures.ts';
import type { HotFunction } from './hot-function.ts';
import { beginLate } from './late-begin.ts';
import { returnLostConnections } from './lost-connections.ts';
import { endSilentConnections } from './silent-connections.ts';
import { ORGANIZATION_VARIABLE, SCHEMA } from './tenant-table.ts';

export type Entities = readonly (EntitySchema | EntityClass<AnyEntity>)[];

export interface DatabaseOptions {
  readonly url: string;
  /** The role that every connection steps into, whatever the login may be: see `DATABASE_ROLES`. */
  readonly role: string;
  readonly entities: Entities;
  readonly poolSize: number;
  readonly logger: Logger;
  /** Milliseconds after which a server that does not answer is taken for gone. */
  readonly silenceMs?: number;
}

/** How long a request waits for a free connection before it is answered with 503. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than any query of ours; a lost network must not hold a row lock for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;
/** The server itself ends a statement before, and says so: whoever is silent for longer is not there. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 2_000;

/** PostgreSQL under one role. Everything that reads or writes goes through it and sees one organization at a time. */
export class Database {
  readonly orm: MikroORM<PostgreSqlDriver>;
  #closed: Promise<void> | null = null;

  private constructor(orm: MikroORM<PostgreSqlDriver>) {
    this.orm = orm;
  }

  static open(options: DatabaseOptions): Database {
    const settings = {
      role: options.role,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      timezone: 'UTC',
    };
    const orm = new MikroORM<PostgreSqlDriver>({
      driver: PostgreSqlDriver,
      clientUrl: options.url,
      schema: SCHEMA,
      entities: [...options.entities],
      pool: { min: 0, max: options.poolSize },
      driverOptions: {
        options: Object.entries(settings)
          .map(([name, value]) => `-c ${name}=${value}`)
          .join(' '),
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: options.silenceMs ?? SILENCE_MS,
        keepAlive: true,
        onPoolCreated: (pool: Pool) => {
          endSilentConnections(pool);
          beginLate(pool);
          returnLostConnections(pool);
        },
      },
      forceUtcTimezone: true,
      // The ORM would look for the database before it is first used, or closed, and make one where there is none.
      ensureDatabase: false,
      discovery: { warnWhenNoEntities: false },
      // The ORM's own log may hold values; only that something went wrong is of interest here.
      logger: () => options.logger.debug('database driver notice'),
      colors: false,
    });
    return new Database(orm);
  }

  /** An entity manager that sees one organization, or (with null) only the tables that belong to none. */
  fork(organization: string | null): EntityManager {
    const session = organization ? { session: { variables: { [ORGANIZATION_VARIABLE]: organization } } } : {};
    return this.orm.em.fork(session);
  }

  /**
   * Runs a read-only transaction that sees one organization at one moment: what several statements find belongs together
   * (PostgreSQL, 13.2.2).
   * @throws Unavailable where the database does not answer
   */
  async read<T>(organization: string | null, work: (em: EntityManager) => Promise<T>): Promise<T> {
    return this.reach(() =>
      this.fork(organization).transactional((em) => work(em), {
        readOnly: true,
        isolationLevel: IsolationLevel.REPEATABLE_READ,
        flushMode: 'commit',
      }),
    );
  }

  /**
   * As `read`, for what is handed on piece by piece: all of it belongs to one moment, however long that takes. A caller who
   * takes nothing for longer than a transaction may idle loses the rest.
   * @throws Unavailable where the database does not answer
   */
  async *readInPieces<T>(
    organization: string,
    read: (em: EntityManager) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    const em = this.fork(organization);
    await this.reach(() => em.begin({ readOnly: true, isolationLevel: IsolationLevel.REPEATABLE_READ }));
    try {
      yield* read(em);
    } finally {
      await em.rollback();
    }
  }

  /**
   * Runs one statement for an organization, as a transaction of its own, in a single round trip: what needs no more than
   * that should not wait for BEGIN and COMMIT.
   * @param statement SQL with its values written in (`QueryBuilder.getFormattedQuery`)
   * @throws Unavailable where the database does not answer
   */
  single<Row extends object>(organization: string, statement: string): Promise<Row[]> {
    return this.reach(async () => {
      const pool = await this.orm.driver.getConnection().getNativeClient();
      const setting = this.orm.driver
        .getPlatform()
        .formatQuery('select set_config(?, ?, true)', [ORGANIZATION_VARIABLE, organization]);
      // Two statements in one message are one transaction (PostgreSQL, 55.2.2.1): the setting ends with it.
      const results: unknown = await pool.query(`${setting}; ${statement}`);
      return (results as { rows: Row[] }[])[1]?.rows ?? [];
    });
  }

  /**
   * Calls a function for an organization, as a transaction of its own, in a single round trip.
   * @param values one for each parameter
   * @throws Unavailable where the database does not answer
   */
  call<Row extends object>(organization: string, hot: HotFunction, values: readonly unknown[]): Promise<Row[]> {
    return this.reach(async () => {
      const pool = await this.orm.driver.getConnection().getNativeClient();
      return (await pool.query<Row>({ name: hot.name, text: hot.text, values: [organization, ...values] })).rows;
    });
  }

  /** Turns "the database is gone" into a problem that the caller is told; everything else passes as it is. */
  async reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isDatabaseGone(error)) throw new Unavailable('The database', { cause: error });
      throw error;
    }
  }

  async ping(): Promise<void> {
    await this.reach(() => this.orm.em.getConnection().execute('select 1'));
  }

  /** The connections of this process, at this moment. */
  async poolUse(): Promise<{ totalCount: number; idleCount: number; waitingCount: number }> {
    const { totalCount, idleCount, waitingCount } = await this.orm.driver.getConnection().getNativeClient();
    return { totalCount, idleCount, waitingCount };
  }

  /**
   * Ends when all connections are given back, those that are being opened included; whoever still waits for one gets none.
   * The ORM's own end forgets the pool before it ends it: a connection that is opened just then is never given back, and is
   * waited for for ever (kysely 0.29).
   */
  close(): Promise<void> {
    this.#closed ??= this.orm.driver
      .getConnection()
      .getNativeClient()
      .then((pool) => pool.end());
    return this.#closed;
  }
}
