import { Forbidden, InvalidRequest, NotFound } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../platform/http/pagination.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { demand, may } from './authorize.ts';
import { ApiKey } from './entities.ts';
import { type KeyView, rolesOf, viewKeys } from './key-views.ts';
import { liveKey, makeKey, revokeKey, tellOwner } from './keys.ts';
import { isOwner, protectOwner, protectOwnersKey } from './owners.ts';
import type { People } from './people.ts';
import { DEFAULT_SERVICE_SCOPES, effectiveScopes, SCOPES, type Scope } from './rules/permissions.ts';
import { teamByAlias, teamPath } from './teams.ts';

export interface WantedKey {
  readonly id: string;
  readonly userAlias: string | null;
  readonly serviceName: string | null;
  readonly teamAlias: string | null;
  readonly scopes: readonly Scope[] | null;
  readonly expiresAt: Date | null;
}

/** API keys: never more than their maker or person may. */
export class KeyService {
  readonly #work: UnitOfWork;
  readonly #people: People;

  constructor(work: UnitOfWork, people: People) {
    this.#work = work;
    this.#people = people;
  }

  /** @returns the key with its secret, which is null where an earlier attempt made it */
  async make(
    caller: Caller,
    origin: Origin,
    wanted: WantedKey,
    repeated: boolean,
  ): Promise<KeyView & { secret: string | null }> {
    return this.#work.write(origin, async (tx) => {
      if (wanted.expiresAt && wanted.expiresAt <= tx.at)
        throw new InvalidRequest([{ path: 'expires_at', message: 'must be in the future' }]);
      const done = repeated ? await tx.em.findOne(ApiKey, { id: wanted.id }) : null;
      const { row, secret } = done ? { row: done, secret: null } : await this.#make(tx, caller, wanted);
      return { ...(await viewKeys(tx.em, this.#people, caller.organization, [row]))(row), secret };
    });
  }

  async revoke(caller: Caller, origin: Origin, id: string): Promise<void> {
    await this.#work.write(origin, async (tx) => {
      const row = await liveKey(tx.em, caller.organization, id);
      // Nobody could let the organization in again.
      if (row.id === caller.key && row.kind !== 'person' && row.kind !== 'service')
        throw new Forbidden('An owner’s key does not revoke itself: the organization would be locked out.');
      if (row.id !== caller.key && (row.person === null || row.person !== caller.person)) {
        demand(
          caller,
          'people.manage',
          row.team ? await teamPath(tx.em, caller.organization, row.team) : [caller.organization],
        );
        await protectOwnersKey(tx.em, caller, row);
      }
      revokeKey(tx, row);
    });
  }

  /** Live keys: all of them for an admin of the organization, one's own for everybody else. */
  async list(caller: Caller, query: { limit: number; cursor?: string | undefined }): Promise<Page<KeyView>> {
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const own = may(caller, 'people.manage', [caller.organization])
        ? {}
        : caller.person
          ? { person: caller.person }
          : { id: caller.key };
      const where = {
        $and: [{ organization: caller.organization, revokedAt: null }, own, after ? { id: { $gt: after } } : {}],
      };
      const rows = await em.find(ApiKey, where, { orderBy: { id: 'asc' }, limit: query.limit + 1 });
      return pageFrom(rows, query.limit, await viewKeys(em, this.#people, caller.organization, rows));
    });
  }

  #make(tx: Transaction, caller: Caller, wanted: WantedKey): Promise<{ row: ApiKey; secret: string }> {
    return wanted.userAlias === null
      ? this.#makeForService(tx, caller, wanted)
      : this.#makeForPerson(tx, caller, wanted, wanted.userAlias);
  }

  async #makeForPerson(
    tx: Transaction,
    caller: Caller,
    wanted: WantedKey,
    alias: string,
  ): Promise<{ row: ApiKey; secret: string }> {
    const person = await this.#people.lockByAlias(tx.em, caller.organization, alias);
    if (!person?.active) throw new NotFound('user', 'user_id');
    if (person.id !== caller.person) {
      demand(caller, 'people.manage', [caller.organization]);
      await protectOwner(tx.em, caller, person.id);
    }
    const madeByOwner =
      isOwner(caller, [caller.organization]) ||
      (person.id === caller.person && (await tx.em.findOneOrFail(ApiKey, { id: caller.key })).madeByOwner);
    // Where nothing is said, what the person may is looked at whenever the key is used: their roles change.
    const scopes = wanted.scopes ?? SCOPES.filter((scope) => caller.scopes.has(scope));
    refuseMore(caller, scopes);
    if (wanted.scopes) refuseUseless(scopes, (await rolesOf(tx.em, [person.id])).get(person.id) ?? new Set());
    const made = makeKey(tx, {
      id: wanted.id,
      kind: 'person',
      person: person.id,
      serviceName: null,
      team: null,
      scopes,
      madeByOwner,
      expiresAt: wanted.expiresAt,
    });
    if (person.id !== caller.person) {
      const { email } = (await this.#people.profiles(tx.em, caller.organization, [person.id])).of(person.id);
      if (email !== null) tellOwner(tx, newId(tx.at), person.id, email);
    }
    return made;
  }

  async #makeForService(tx: Transaction, caller: Caller, wanted: WantedKey): Promise<{ row: ApiKey; secret: string }> {
    const team =
      wanted.teamAlias === null ? null : await teamByAlias(tx.em, caller.organization, wanted.teamAlias, 'team_id');
    demand(
      caller,
      team ? 'teams.manage' : 'organization.manage',
      team ? await teamPath(tx.em, caller.organization, team.id) : [caller.organization],
    );
    const scopes = wanted.scopes ?? DEFAULT_SERVICE_SCOPES.filter((scope) => caller.scopes.has(scope));
    refuseMore(caller, scopes);
    return makeKey(tx, {
      id: wanted.id,
      kind: 'service',
      person: null,
      serviceName: wanted.serviceName,
      team: team?.id ?? null,
      scopes,
      expiresAt: wanted.expiresAt,
    });
  }
}

/** Whoever could make a stronger key than their own would have it by making one. */
function refuseMore(caller: Caller, scopes: readonly Scope[]): void {
  const more = scopes.filter((scope) => !caller.scopes.has(scope));
  if (more.length > 0) throw new Forbidden(`A key cannot give more than it may itself: ${more.join(', ')}.`);
}

/** A scope that the person's roles give no use for would only seem to be there. */
function refuseUseless(scopes: readonly Scope[], roles: ReadonlySet<string>): void {
  const useful = effectiveScopes(scopes, roles);
  const more = scopes.filter((scope) => !useful.includes(scope));
  if (more.length > 0) throw new Forbidden(`A key cannot give more than its person may: ${more.join(', ')}.`);
}
