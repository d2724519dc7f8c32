import type { EntityManager } from '@mikro-orm/postgresql';
import { AbsenceRow, Membership, Person } from './entities.ts';
import type { Role } from './rules/roles.ts';
import { teamPath } from './teams.ts';

/** Who holds which role, who is absent and who is gone, as far as requests of one team need to know it. */
export interface TeamFacts {
  /** Nearest first, `null` (the organization's root) last. */
  readonly teamPath: readonly (string | null)[];
  readonly holders: readonly { readonly team: string | null; readonly role: Role; readonly person: string }[];
  readonly absences: readonly { readonly person: string; readonly from: Date; readonly until: Date; readonly delegate: string }[];
  readonly inactive: ReadonlySet<string>;
  /** The person's manager in the nearest team that names one. */
  readonly managerOf: (person: string | null) => string | null;
}

/** Reads facts once per team: a page of requests mostly comes from few teams. Lives as long as one transaction. */
export class FactsReader {
  readonly #em: EntityManager;
  readonly #organization: string;
  readonly #at: Date;
  readonly #byTeam = new Map<string, Promise<TeamFacts>>();
  #organizationWide: Promise<Pick<TeamFacts, 'absences' | 'inactive'>> | undefined;

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
    const path = await teamPath(this.#em, this.#organization, team);
    this.#organizationWide ??= this.#readOrganizationWide();
    const { absences, inactive } = await this.#organizationWide;
    const memberships = await this.#em.find(Membership, { team: { $in: path } }, { orderBy: { createdAt: 'asc', id: 'asc' } });
    const teamOf = (membership: Membership) => (membership.team === this.#organization ? null : membership.team);
    const nearness = new Map(path.map((id, index) => [id, index]));
    const nearestFirst = memberships.toSorted((a, b) => (nearness.get(a.team) ?? 0) - (nearness.get(b.team) ?? 0));
    return {
      teamPath: path.map((id) => (id === this.#organization ? null : id)),
      holders: memberships.filter((membership) => !inactive.has(membership.person)).flatMap((membership) => membership.roles.map((role) => ({ team: teamOf(membership), role, person: membership.person }))),
      absences,
      inactive,
      managerOf: (person) => nearestFirst.find((membership) => membership.person === person && membership.manager)?.manager ?? null,
    };
  }

  async #readOrganizationWide(): Promise<Pick<TeamFacts, 'absences' | 'inactive'>> {
    const rows = await this.#em.find(AbsenceRow, { from: { $lte: this.#at }, until: { $gt: this.#at } });
    const gone = await this.#em.find(Person, { organization: this.#organization, active: false }, { fields: ['id'] });
    return {
      absences: rows.map(({ person, from, until, delegate }) => ({ person, from, until, delegate })),
      inactive: new Set(gone.map((person) => person.id)),
    };
  }
}

/** Those of the people who can no longer act. */
export async function inactiveAmong(em: EntityManager, people: readonly string[]): Promise<ReadonlySet<string>> {
  if (people.length === 0) return new Set();
  const rows = await em.find(Person, { id: { $in: [...people] }, active: false }, { fields: ['id'] });
  return new Set(rows.map((row) => row.id));
}
