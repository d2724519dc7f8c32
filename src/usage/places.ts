import type { EntityManager } from '@mikro-orm/postgresql';
import type { Caller } from '../platform/http/caller.ts';
import { may, type People, type PlacedTeam, placedTeams } from '../tenancy/service.ts';
import type { UsageEvent } from './event-reader.ts';
import { invalid, Rejection } from './rejection.ts';

/** Where an event is booked. */
export interface Place {
  readonly team: string;
  readonly person: string;
  readonly currency: string;
}

/** The teams and people that a batch of events names, and what its caller may report of them. */
export class Places {
  readonly #caller: Caller;
  readonly #teams: ReadonlyMap<string, PlacedTeam>;
  readonly #people: ReadonlyMap<string, string>;
  readonly #allowed = new Map<PlacedTeam, { readonly others: boolean; readonly self: boolean }>();

  private constructor(caller: Caller, teams: ReadonlyMap<string, PlacedTeam>, people: ReadonlyMap<string, string>) {
    this.#caller = caller;
    this.#teams = teams;
    this.#people = people;
  }

  /** @param people finds users by the ids that callers gave them */
  static async find(em: EntityManager, caller: Caller, people: People, events: readonly UsageEvent[]): Promise<Places> {
    const teams = await placedTeams(em, caller.organization, new Set(events.map((event) => event.team)));
    const users = await people.idsEverKnown(em, caller.organization, new Set(events.map((event) => event.user)));
    return new Places(caller, teams, users);
  }

  of(event: UsageEvent): Place | Rejection {
    const team = this.#teams.get(event.team);
    if (!team) return invalid('team_id', 'there is no such team in your organization');
    const person = this.#people.get(event.user);
    const { others, self } = this.#allowedIn(team);
    if (!others && !(self && person === this.#caller.person))
      return new Rejection('forbidden', [
        { path: 'user_id', message: 'this key may not report usage of this user in this team' },
      ]);
    if (person === undefined) return invalid('user_id', 'there is no such user in your organization');
    return { team: team.id, person, currency: team.currency };
  }

  #allowedIn(team: PlacedTeam): { readonly others: boolean; readonly self: boolean } {
    const known = this.#allowed.get(team);
    if (known) return known;
    const isPerson = this.#caller.kind === 'person';
    const allowed = {
      others: may(this.#caller, isPerson ? 'usage.report-for-others' : 'usage.report', team.path),
      self: isPerson && may(this.#caller, 'usage.report', team.path),
    };
    this.#allowed.set(team, allowed);
    return allowed;
  }
}
