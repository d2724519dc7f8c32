import { ProblemError, type ProblemCode } from '../errors.ts';
import type { Origin, UnitOfWork } from '../unit-of-work.ts';

/** What is refused for who asks, not for what is asked. */
const DENIALS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'forbidden',
  'not-an-approver',
  'separation-of-duties',
]);

/** Has the audit log say who was refused what. Nobody is told of a refusal that could not be written down. */
export class Denials {
  readonly #work: UnitOfWork;

  constructor(work: UnitOfWork) {
    this.#work = work;
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
    await this.#work.write(origin, async (tx) =>
      tx.record({
        action: 'access.denied',
        resource: { type: 'route', id: route },
        outcome: 'denied',
        detail: { problem: problem.code },
      }),
    );
  }
}
