import type { Database } from '../platform/database/database.ts';
import { HotFunction } from '../platform/database/hot-function.ts';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { Unavailable } from '../platform/errors.ts';
import { Grouping } from '../platform/grouping.ts';
import type { Hold, ReserveOutcome } from './holds.ts';

type ReserveAlone = (organization: string, hold: Hold) => Promise<ReserveOutcome>;
/** Null stands for one that does not simply fit: what has to be done about that is found out alone. */
type Carried = PromiseSettledResult<ReserveOutcome> | null;
type Group = Grouping<Hold, Carried>;

const RESERVE_TOGETHER = new HotFunction('countersign.reserve_together', ['jsonb', 'uuid[]', 'uuid[]', 'timestamptz']);
/** With one, the database would rest while an answer travels. */
const GROUPS_AT_ONCE = 2;
const HOLDS_IN_A_GROUP = 100;
/** With fewer, each by itself costs less. */
const LEAST_TOGETHER = 4;

/**
 * Holds of one organization that are asked for at the same time, carried together: they lock the rows of their budgets once and
 * commit once, where each of them would otherwise wait for all the others to do so.
 */
export class GroupedHolds {
  readonly #database: Database;
  readonly #alone: ReserveAlone;
  readonly #groups = new Map<string, Group>();

  constructor(database: Database, alone: ReserveAlone) {
    this.#database = database;
    this.#alone = alone;
  }

  async reserve(organization: string, hold: Hold): Promise<ReserveOutcome> {
    const group = this.#groupOf(organization);
    try {
      const carried = await group.add(hold);
      if (carried?.status === 'rejected') throw carried.reason;
      return carried?.value ?? (await this.#alone(organization, hold));
    } finally {
      if (group.isIdle && this.#groups.get(organization) === group) this.#groups.delete(organization);
    }
  }

  #groupOf(organization: string): Group {
    const known = this.#groups.get(organization);
    if (known) return known;
    const made: Group = new Grouping((holds) => this.#carry(organization, holds), {
      atOnce: GROUPS_AT_ONCE,
      most: HOLDS_IN_A_GROUP,
    });
    this.#groups.set(organization, made);
    return made;
  }

  async #carry(organization: string, holds: readonly Hold[]): Promise<Carried[]> {
    if (holds.length < LEAST_TOGETHER) return Promise.allSettled(holds.map((hold) => this.#alone(organization, hold)));
    const held = await this.#heldTogether(organization, holds);
    return holds.map(({ wanted: { id, amount, expiresAt } }, index) =>
      held.get(id) === index ? { status: 'fulfilled', value: { outcome: 'held', amount, expiresAt } } : null,
    );
  }

  /** By id, which of them is held: of several with one id, at most the first. */
  async #heldTogether(organization: string, holds: readonly Hold[]): Promise<ReadonlyMap<string, number>> {
    const indices = new Map(holds.map(({ wanted }, index) => [wanted.id, index] as const).toReversed());
    const distinct = [...indices.values()].map((index) => holds[index]!);
    try {
      const [row] = await this.#database.call<{ called: readonly string[] }>(organization, RESERVE_TOGETHER, [
        JSON.stringify(distinct.map(rowOf)),
        plainArray(new Set(distinct.flatMap(({ place }) => place.leases))),
        plainArray(new Set(distinct.flatMap(({ place }) => place.periods))),
        new Date(Math.max(...distinct.map(({ at }) => at.getTime()))),
      ]);
      return new Map(row!.called.map((id) => [id, indices.get(id)!]));
    } catch (error) {
      // What one of them has done to the others is undone: alone, each gets an answer of its own.
      if (error instanceof Unavailable) throw error;
      return new Map();
    }
  }
}

function rowOf({ place, wanted }: Hold) {
  const { team, person, provider, model, leases, periods, version } = place;
  const { id, request, amount, currency, expiresAt } = wanted;
  return {
    id,
    request: `\\x${request.toString('hex')}`,
    team,
    person,
    provider,
    model,
    amount,
    currency,
    expires_at: expiresAt,
    leases,
    periods,
    version,
  };
}
