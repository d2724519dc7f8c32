import type { EntityManager } from '@mikro-orm/postgresql';
import { NotFound } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../platform/http/pagination.ts';
import type { Origin, UnitOfWork } from '../platform/unit-of-work.ts';
import { tellAbsent, tellReturned } from './absence-mail.ts';
import { endAbsence, putAbsence } from './absences.ts';
import { demand, may } from './authorize.ts';
import { AbsenceRow, Membership, Team } from './entities.ts';
import { type Member, type MemberChange, Members } from './members.ts';
import { demandMayGrant } from './owners.ts';
import type { People } from './people.ts';
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
      const parent =
        wanted.parentAlias === null
          ? null
          : await teamByAlias(tx.em, caller.organization, wanted.parentAlias, 'parent_team_id');
      demand(
        caller,
        'teams.manage',
        parent ? await teamPath(tx.em, caller.organization, parent.id) : [caller.organization],
      );
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
      const rows = await em.find(
        Team,
        { organization: caller.organization, ...(after ? { id: { $gt: after } } : {}) },
        { orderBy: { id: 'asc' }, limit: query.limit + 1 },
      );
      const parents = await teamAliases(em, parentsOf(rows));
      return pageFrom(rows, query.limit, (team) => ({ team, parentAlias: parents.get(team.parent ?? '') ?? null }));
    });
  }

  /** @param teamAlias null for the organization's root */
  async putMember(
    caller: Caller,
    origin: Origin,
    teamAlias: string | null,
    change: MemberChange,
  ): Promise<{ member: Member; made: boolean }> {
    return this.#work.write(origin, async (tx) => {
      const path = await this.#path(tx.em, caller, teamAlias);
      demand(caller, 'teams.manage', path);
      demandMayGrant(caller, path, change.roles);
      return this.#members.put(tx, caller, path[0] ?? caller.organization, change);
    });
  }

  async removeMember(caller: Caller, origin: Origin, teamAlias: string | null, userAlias: string): Promise<void> {
    await this.#work.write(origin, async (tx) => {
      const path = await this.#path(tx.em, caller, teamAlias);
      demand(caller, 'teams.manage', path);
      await this.#members.remove(tx, caller, path[0] ?? caller.organization, userAlias);
    });
  }

  async listMembers(
    caller: Caller,
    teamAlias: string | null,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<Page<Member>> {
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const path = await this.#path(em, caller, teamAlias);
      demand(caller, 'teams.read', path);
      const rows = await this.#members.list(
        em,
        caller.organization,
        path[0] ?? caller.organization,
        after,
        query.limit,
      );
      return pageFrom(rows, query.limit, (row) => row.member);
    });
  }

  async putAbsence(
    caller: Caller,
    origin: Origin,
    wanted: { userAlias: string; from: Date; until: Date; delegateAlias: string },
  ): Promise<AbsenceRow> {
    return this.#work.write(origin, async (tx) => {
      const person = await this.#user(tx.em, caller, wanted.userAlias);
      // An admin of one team, by a user they made themselves, would otherwise decide on whatever the person is asked in all others.
      if (person !== caller.person) demand(caller, 'people.manage', [caller.organization]);
      const delegate = await this.#people.byAlias(tx.em, caller.organization, wanted.delegateAlias);
      if (!delegate?.active) throw new NotFound('user', 'delegate_user_id');
      const absence = await putAbsence(tx, { person, from: wanted.from, until: wanted.until, delegate: delegate.id });
      if (person !== caller.person)
        tellAbsent(tx, absence, await this.#people.profiles(tx.em, caller.organization, [person, delegate.id]));
      return absence;
    });
  }

  /** @throws NotFound where none is entered; Forbidden for whom it does not concern */
  async readAbsence(caller: Caller, userAlias: string): Promise<{ absence: AbsenceRow; delegateAlias: string | null }> {
    return this.#work.read(caller.organization, async (em) => {
      const person = await this.#user(em, caller, userAlias);
      const absence = await em.findOne(AbsenceRow, { person });
      const concerns = caller.person !== null && [person, absence?.delegate].includes(caller.person);
      if (!concerns) await demandInTeamOf(em, caller, person);
      if (!absence) throw new NotFound('absence');
      const profiles = await this.#people.profiles(em, caller.organization, [absence.delegate]);
      return { absence, delegateAlias: profiles.of(absence.delegate).alias };
    });
  }

  async endAbsence(caller: Caller, origin: Origin, userAlias: string): Promise<void> {
    await this.#work.write(origin, async (tx) => {
      const person = await this.#user(tx.em, caller, userAlias);
      if (person !== caller.person) await demandInTeamOf(tx.em, caller, person);
      await endAbsence(tx, person);
      if (person !== caller.person)
        tellReturned(tx, person, await this.#people.profiles(tx.em, caller.organization, [person]));
    });
  }

  async #user(em: EntityManager, caller: Caller, alias: string): Promise<string> {
    const user = await this.#people.byAlias(em, caller.organization, alias);
    if (!user) throw new NotFound('user');
    return user.id;
  }

  async #path(em: EntityManager, caller: Caller, alias: string | null): Promise<string[]> {
    if (alias === null) return [caller.organization];
    return teamPath(em, caller.organization, (await teamByAlias(em, caller.organization, alias)).id);
  }
}

/** An admin of one of the person's teams may have them asked again. @throws Forbidden */
async function demandInTeamOf(em: EntityManager, caller: Caller, person: string): Promise<void> {
  for (const { team } of await em.find(Membership, { person })) {
    if (may(caller, 'absences.end', await teamPath(em, caller.organization, team))) return;
  }
  demand(caller, 'absences.end', [caller.organization]);
}

function parentsOf(teams: readonly Team[]): string[] {
  return teams.flatMap((team) => (team.parent ? [team.parent] : []));
}
