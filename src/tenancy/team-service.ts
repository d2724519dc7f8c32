import type { EntityManager } from '@mikro-orm/postgresql';
import { InvalidRequest, NotFound } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../platform/http/pagination.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import { endAbsence, putAbsence } from './absences.ts';
import { demand, may, rolesIn } from './authorize.ts';
import { type AbsenceRow, Membership, Team } from './entities.ts';
import { type Member, type MemberChange, Members } from './members.ts';
import type { People } from './people.ts';
import { mayGrant } from './rules/permissions.ts';
import type { Role } from './rules/roles.ts';
import { teamAliases } from './team-aliases.ts';
import { makeTeam, type NewTeam, teamByAlias, teamPath } from './teams.ts';

export interface TeamView {
  readonly team: Team;
  readonly parentAlias: string | null;
}

/** Teams, who is in them, and who stands in for whom. */
export class TeamService {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #members: Members;

  constructor(work: UnitOfWork, people: People) {
    this.#work = work;
    this.#people = people;
    this.#members = new Members(people);
  }

  /** @param repeated whether an earlier attempt may have made it already */
  async make(caller: Caller, origin: Origin, wanted: NewTeam, repeated: boolean): Promise<TeamView> {
    return this.#work.write(origin, async (tx) => {
      const done = repeated ? await tx.em.findOne(Team, { id: wanted.id }) : null;
      if (done) return { team: done, parentAlias: wanted.parentAlias };
      const parent = wanted.parentAlias === null ? null : await tx.em.findOne(Team, { organization: caller.organization, alias: wanted.parentAlias });
      demand(caller, 'teams.manage', parent ? await teamPath(tx.em, caller.organization, parent.id) : [caller.organization]);
      const team = await makeTeam(tx, wanted);
      tx.record({ action: 'team.made', resource: { type: 'team', id: team.id }, team: team.id });
      return { team, parentAlias: wanted.parentAlias };
    });
  }

  async read(caller: Caller, alias: string): Promise<TeamView> {
    return this.#work.read(caller.organization, async (em) => {
      const team = await teamByAlias(em, caller.organization, alias);
      return { team, parentAlias: (await teamAliases(em, parentsOf([team]))).get(team.parent ?? '') ?? null };
    });
  }

  async list(caller: Caller, query: { limit: number; cursor?: string | undefined }): Promise<Page<TeamView>> {
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const rows = await em.find(Team, { organization: caller.organization, ...(after ? { id: { $gt: after } } : {}) }, { orderBy: { id: 'asc' }, limit: query.limit + 1 });
      const parents = await teamAliases(em, parentsOf(rows));
      return pageFrom(rows, query.limit, (team) => ({ team, parentAlias: parents.get(team.parent ?? '') ?? null }));
    });
  }

  /** @param teamAlias null for the organization's root */
  async putMember(caller: Caller, origin: Origin, teamAlias: string | null, change: MemberChange): Promise<{ member: Member; made: boolean }> {
    return this.#work.write(origin, async (tx) => {
      const path = await this.#path(tx.em, caller, teamAlias);
      demand(caller, 'teams.manage', path);
      const own: ReadonlySet<string> = caller.kind === 'person' ? rolesIn(caller, path) : new Set<Role>(['owner']);
      if (!mayGrant(own, change.roles)) throw new InvalidRequest([{ path: 'roles', message: 'only an owner can make somebody an owner' }]);
      return this.#members.put(tx, path[0] ?? caller.organization, change, may(caller, 'people.manage', [caller.organization]));
    });
  }

  async removeMember(caller: Caller, origin: Origin, teamAlias: string | null, userAlias: string): Promise<void> {
    await this.#work.write(origin, async (tx) => {
      const path = await this.#path(tx.em, caller, teamAlias);
      demand(caller, 'teams.manage', path);
      await this.#members.remove(tx, path[0] ?? caller.organization, userAlias);
    });
  }

  async listMembers(caller: Caller, teamAlias: string | null, query: { limit: number; cursor?: string | undefined }): Promise<Page<Member>> {
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const path = await this.#path(em, caller, teamAlias);
      demand(caller, 'teams.read', path);
      const page = pageFrom(await this.#members.list(em, caller.organization, path[0] ?? caller.organization, after, query.limit), query.limit, (row) => row.member);
      return page;
    });
  }

  async putAbsence(caller: Caller, origin: Origin, wanted: { userAlias: string; from: Date; until: Date; delegateAlias: string }): Promise<AbsenceRow> {
    return this.#work.write(origin, async (tx) => {
      const person = await this.#userForAbsence(tx.em, caller, wanted.userAlias);
      const delegate = await this.#people.byAlias(tx.em, caller.organization, wanted.delegateAlias);
      if (!delegate?.active) throw new InvalidRequest([{ path: 'delegate_user_id', message: 'there is no such user in your organization' }]);
      return putAbsence(tx, { person, from: wanted.from, until: wanted.until, delegate: delegate.id });
    });
  }

  async endAbsence(caller: Caller, origin: Origin, userAlias: string): Promise<void> {
    await this.#work.write(origin, async (tx) => endAbsence(tx, await this.#userForAbsence(tx.em, caller, userAlias)));
  }

  /** Everybody enters their own absence; an admin of one of the person's teams does it for them. */
  async #userForAbsence(em: EntityManager, caller: Caller, alias: string): Promise<string> {
    const user = await this.#people.byAlias(em, caller.organization, alias);
    if (!user) throw new NotFound('user');
    if (user.id === caller.person) return user.id;
    const memberships = await em.find(Membership, { person: user.id });
    for (const membership of memberships) {
      if (may(caller, 'absences.manage', await pathOf(em, caller.organization, membership.team))) return user.id;
    }
    demand(caller, 'absences.manage', [caller.organization]);
    return user.id;
  }

  async #path(em: EntityManager, caller: Caller, alias: string | null): Promise<string[]> {
    if (alias === null) return [caller.organization];
    return teamPath(em, caller.organization, (await teamByAlias(em, caller.organization, alias)).id);
  }
}


function pathOf(em: EntityManager, organization: string, team: string): Promise<string[]> {
  return team === organization ? Promise.resolve([organization]) : teamPath(em, organization, team);
}

function parentsOf(teams: readonly Team[]): string[] {
  return teams.flatMap((team) => (team.parent ? [team.parent] : []));
}
