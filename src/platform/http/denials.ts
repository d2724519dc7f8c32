import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../clock.ts';
import { ProblemError, type ProblemCode } from '../errors.ts';
import type { Origin, UnitOfWork } from '../unit-of-work.ts';
import { DeadKey } from './caller.ts';
import type { Provenance } from './provenance.ts';

const HOUR_MS = 3_600_000;

/** What is refused for who asks, not for what is asked. */
const DENIALS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'forbidden',
  'not-an-approver',
  'separation-of-duties',
]);

/** Which request was refused. */
export interface AskedOf {
  /** Method and pattern, such as `GET /api/v1/teams/{team}`: never the address itself, whose ids callers choose. */
  readonly route: string;
  /** What stands in the address in place of the pattern's names. */
  readonly params: Readonly<Record<string, string | undefined>>;
}

/** What a refused request was about, by its internal id. */
export interface DeniedObject {
  readonly type: 'approval' | 'team' | 'api_key' | 'webhook';
  readonly id: string;
  /** Null where it stands in no team. */
  readonly team: string | null;
}

/** Finds what the ids of an address lead to in the caller's organization, or null. The features know. */
export type FindDenied = (em: EntityManager, organization: string, asked: AskedOf) => Promise<DeniedObject | null>;

/** Has the audit log say who was refused what. Nobody is told of a refusal that could not be written down. */
export class Denials {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;
  readonly #find: FindDenied;
  #hour = 0;
  #notedKeys = new Set<string>();

  constructor(work: UnitOfWork, clock: Clock, find: FindDenied) {
    this.#work = work;
    this.#clock = clock;
    this.#find = find;
  }

  /**
   * Finds out who asks, and records where it is somebody whose key is not valid any more: once an hour for each key, as far as
   * this process knows. Whoever holds such a key must not be able to fill the log.
   * @param route method and pattern
   * @throws whatever finding out throws; Unavailable where a denial cannot be recorded
   */
  async watchKeys<T>(provenance: Provenance, route: string, findOut: () => Promise<T>): Promise<T> {
    try {
      return await findOut();
    } catch (error) {
      if (error instanceof DeadKey) await this.#noteKey(provenance, route, error);
      throw error;
    }
  }

  async #noteKey(
    provenance: Provenance,
    route: string,
    { organization, actor, code, because }: DeadKey,
  ): Promise<void> {
    const hour = Math.floor(this.#clock.now().getTime() / HOUR_MS);
    if (hour !== this.#hour) this.#notedKeys = new Set();
    this.#hour = hour;
    if (this.#notedKeys.has(actor.key)) return;
    this.#notedKeys.add(actor.key);
    try {
      await this.#record({ organization, actor, ...provenance }, route, { problem: code, key: because }, null);
    } catch (error) {
      this.#notedKeys.delete(actor.key);
      throw error;
    }
  }

  /**
   * Carries a request out, and records it where it is denied.
   * @throws whatever carrying it out throws; Unavailable where a denial cannot be recorded
   */
  async watch<T>(origin: Origin, asked: AskedOf, carryOut: () => Promise<T>): Promise<T> {
    try {
      return await carryOut();
    } catch (error) {
      if (error instanceof ProblemError) await this.note(origin, asked, error);
      throw error;
    }
  }

  /** Records a denial, in a transaction of its own. A problem that is none, or is on record already, is passed over. */
  async note(origin: Origin, asked: AskedOf, problem: ProblemError): Promise<void> {
    if (!DENIALS.has(problem.code) || problem.isOnRecord) return;
    await this.#record(origin, asked.route, { problem: problem.code }, await this.#objectOf(origin, asked));
  }

  /** In a transaction of its own, and without it where it fails: that somebody was refused is on record in any case. */
  #objectOf({ organization }: Origin, asked: AskedOf): Promise<DeniedObject | null> {
    return this.#work.read(organization, (em) => this.#find(em, organization, asked)).catch(() => null);
  }

  #record(
    origin: Origin,
    route: string,
    because: Readonly<Record<string, string>>,
    object: DeniedObject | null,
  ): Promise<void> {
    return this.#work.write(origin, async (tx) =>
      tx.record({
        action: 'access.denied',
        resource: { type: 'route', id: route },
        team: object?.team ?? null,
        outcome: 'denied',
        detail: { ...because, ...(object ? { object: object.type, object_id: object.id } : {}) },
      }),
    );
  }
}
