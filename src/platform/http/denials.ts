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

/** Has the audit log say who was refused what. Nobody is told of a refusal that could not be written down. */
export class Denials {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;
  #hour = 0;
  #notedKeys = new Set<string>();

  constructor(work: UnitOfWork, clock: Clock) {
    this.#work = work;
    this.#clock = clock;
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
      await this.#record({ organization, actor, ...provenance }, route, { problem: code, key: because });
    } catch (error) {
      this.#notedKeys.delete(actor.key);
      throw error;
    }
  }

  /**
   * Carries a request out, and records it where it is denied.
   * @param route method and pattern, such as `GET /api/v1/teams/{team}`: never the address itself, whose ids callers choose
   * @throws whatever carrying it out throws; Unavailable where a denial cannot be recorded
   */
  async watch<T>(origin: Origin, route: string, carryOut: () => Promise<T>): Promise<T> {
    try {
      return await carryOut();
    } catch (error) {
      if (error instanceof ProblemError) await this.note(origin, route, error);
      throw error;
    }
  }

  /** Records a denial, in a transaction of its own. A problem that is none, or is on record already, is passed over. */
  async note(origin: Origin, route: string, problem: ProblemError): Promise<void> {
    if (!DENIALS.has(problem.code) || problem.isOnRecord) return;
    await this.#record(origin, route, { problem: problem.code });
  }

  #record(origin: Origin, route: string, detail: Readonly<Record<string, string>>): Promise<void> {
    return this.#work.write(origin, async (tx) =>
      tx.record({ action: 'access.denied', resource: { type: 'route', id: route }, outcome: 'denied', detail }),
    );
  }
}
