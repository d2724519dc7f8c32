import type { EntityManager } from '@mikro-orm/postgresql';
import { Person } from './entities.ts';
import type { Role } from './rules/roles.ts';
import { MAX_TEAM_DEPTH } from './teams.ts';

/** Who holds which role, who is absent and who is gone, as far as requests of one team need to know it. */
export interface TeamFacts {
  /** Nearest first, `null` (the organization's root) last. */
  readonly teamPath: readonly (string | null)[];
  readonly holders: readonly { readonly team: string | null; readonly role: Role; readonly person: string }[];
  readonly absences: readonly {
    readonly person: string;
    readonly from: Date;
    readonly until: Date;
    readonly delegate: string;
  }[];
  readonly inactive: ReadonlySet<string>;
  /** The person's manager in the nearest team that names one. */
  readonly managerOf: (person: string | null) => string | null;
}

interface FactsRow {
  readonly path: readonly string[];
  readonly memberships: readonly {
    readonly team: string;
    readonly person: string;
    readonly roles: readonly Role[];
    readonly manager: string | null;
  }[];
  readonly absences: readonly {
    readonly person: string;
    readonly from: string;
    readonly until: string;
    readonly delegate: string;
  }[];
  readonly inactive: readonly string[];
}

/** One statement, since every request that asks somebody needs all of it. Parameters: team, organization, moment twice. */
const FACTS = `
  with recursive up(id, parent_id, distance) as (
    select id, parent_id, 0 from countersign.teams where id = ?
    union all
    select t.id, t.parent_id, distance + 1 from countersign.teams t join up on t.id = up.parent_id where distance < ${MAX_TEAM_DEPTH}
  ), path(id, distance) as (select id, distance from up union all select ?::uuid, ${MAX_TEAM_DEPTH} + 1)
  select
    (select jsonb_agg(id order by distance) from path) as path,
    coalesce((select jsonb_agg(jsonb_build_object('team', m.team_id, 'person', m.person_id, 'roles', m.roles, 'manager', m.manager_id) order by m.created_at, m.id)
      from countersign.memberships m where m.team_id in (select id from path)), '[]') as memberships,
    coalesce((select jsonb_agg(jsonb_build_object('person', a.person_id, 'from', a.absent_from, 'until', a.absent_until, 'delegate', a.delegate_id))
      from countersign.absences a where a.absent_from <= ? and a.absent_until > ?), '[]') as absences,
    coalesce((select jsonb_agg(p.id) from countersign.people p where not p.active), '[]') as inactive`;

/** Reads facts once per team: a page of requests mostly comes from few teams. Lives as long as one transaction. */
export class FactsReader {
  readonly #em: EntityManager;
  readonly #organization: string;
  readonly #at: Date;
  readonly #byTeam = new Map<string, Promise<TeamFacts>>();

  constructor(em: EntityManager, organization: string, at: Date) {
    this.#em = em;
    this.#organization = organization;
    this.#at = at;
  }

  ofTeam(team: string): Promise<TeamFacts> {
    const known = this.#byTeam.get(team) ?? this.#read(team);
    this.#byTeam.set(team, known);
    return known;
  }

  async #read(team: string): Promise<TeamFacts> {
    const [row] = await this.#em.execute<FactsRow[]>(FACTS, [team, this.#organization, this.#at, this.#at]);
    return factsOf(row!, this.#organization);
  }
}

function factsOf({ path, memberships, absences, inactive }: FactsRow, organization: string): TeamFacts {
  const gone = new Set(inactive);
  const teamOf = (team: string) => (team === organization ? null : team);
  const nearness = new Map(path.map((team, index) => [team, index]));
  const nearestFirst = memberships.toSorted((a, b) => (nearness.get(a.team) ?? 0) - (nearness.get(b.team) ?? 0));
  return {
    teamPath: path.map(teamOf),
    holders: memberships
      .filter(({ person }) => !gone.has(person))
      .flatMap(({ team, person, roles }) => roles.map((role) => ({ team: teamOf(team), role, person }))),
    absences: absences.map(({ person, from, until, delegate }) => ({
      person,
      from: new Date(from),
      until: new Date(until),
      delegate,
    })),
    inactive: gone,
    managerOf: (person) =>
      nearestFirst.find((membership) => membership.person === person && membership.manager)?.manager ?? null,
  };
}

/** Those of the people who can no longer act. */
export async function inactiveAmong(em: EntityManager, people: readonly string[]): Promise<ReadonlySet<string>> {
  if (people.length === 0) return new Set();
  const rows = await em.find(Person, { id: { $in: [...people] }, active: false }, { fields: ['id'] });
  return new Set(rows.map((row) => row.id));
}
