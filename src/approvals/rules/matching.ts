import type { PersonId } from './model.ts';

/** How many of these people a stage needs for itself. */
export interface Demand {
  readonly stage: number;
  readonly required: number;
  readonly people: readonly PersonId[];
}

/** Stages that together need more people than they have between them. */
export interface Competition {
  readonly stages: readonly number[];
  readonly required: number;
  readonly available: number;
}

/**
 * Tries to give every demand as many people as it needs, nobody to two of them, by augmenting paths (a maximum flow with
 * one unit per person). Where that fails, the demands reached by the failed search have all their people handed out among
 * themselves and still need more: Hall's condition is violated by them. Searches that share a stage are told as one.
 */
export function findCompetitions(demands: readonly Demand[]): readonly Competition[] {
  const given = new Map<PersonId, Demand>();
  const violators = demands.map((demand) => fill(demand, given)).filter((reached) => reached.size > 0);
  return mergeOverlapping(violators).map(describe);
}

/** Hands people to one demand; returns the demands that stand in the way, none where it got all it needs. */
function fill(demand: Demand, given: Map<PersonId, Demand>): ReadonlySet<Demand> {
  for (let place = 0; place < demand.required; place += 1) {
    const reached = new Set<Demand>();
    if (!takeOne(demand, given, reached)) return reached;
  }
  return new Set();
}

function takeOne(demand: Demand, given: Map<PersonId, Demand>, reached: Set<Demand>): boolean {
  if (reached.has(demand)) return false;
  reached.add(demand);
  for (const person of demand.people) {
    const holder = given.get(person);
    if (holder === undefined || takeOne(holder, given, reached)) {
      given.set(person, demand);
      return true;
    }
  }
  return false;
}

function mergeOverlapping(sets: readonly ReadonlySet<Demand>[]): readonly ReadonlySet<Demand>[] {
  return sets.reduce<readonly ReadonlySet<Demand>[]>((merged, set) => {
    const overlaps = (other: ReadonlySet<Demand>) => [...other].some((demand) => set.has(demand));
    const apart = merged.filter((other) => !overlaps(other));
    const together = merged.filter(overlaps);
    return [...apart, together.reduce((union, other) => new Set([...union, ...other]), set)];
  }, []);
}

function describe(demands: ReadonlySet<Demand>): Competition {
  const members = [...demands].toSorted((a, b) => a.stage - b.stage);
  return {
    stages: members.map((demand) => demand.stage),
    required: members.reduce((sum, demand) => sum + demand.required, 0),
    available: new Set(members.flatMap((demand) => demand.people)).size,
  };
}
