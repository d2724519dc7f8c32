import type { EntityManager } from '@mikro-orm/postgresql';
import { Forbidden, InvalidRequest, NotFound, ProblemError } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { newId } from '../platform/ids.ts';
import { mailMessage } from '../platform/mail-message.ts';
import type { OutboxMessage, Transaction } from '../platform/unit-of-work.ts';
import { may } from './authorize.ts';
import { Membership, type Person } from './entities.ts';
import { revokeKeysOfOthers, tellRevoked } from './keys.ts';
import { protectOwner } from './owners.ts';
import { type People, type PersonProfile, SERVICE_ALIAS } from './people.ts';
import type { Role } from './rules/roles.ts';
import { endSignIns } from './sign-in/end-sign-ins.ts';
import { teamPath } from './teams.ts';

export interface MemberChange {
  readonly alias: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly Role[];
  readonly managerAlias: string | null;
}

export interface Member {
  readonly membership: Membership;
  readonly profile: PersonProfile;
  readonly managerAlias: string | null;
}

/** Who is in which team, and what they may do there. */
export class Members {
  readonly #people: People;

  constructor(people: People) {
    this.#people = people;
  }

  /**
   * Puts a person into a team (or the organization's root), or changes their roles there.
   * @returns whether the membership is new
   * @throws Forbidden where the person is an owner and the caller is none, or may not change what is known about people
   */
  async put(
    tx: Transaction,
    caller: Caller,
    team: string,
    change: MemberChange,
  ): Promise<{ member: Member; made: boolean }> {
    const { em, origin, at } = tx;
    const manager = await this.#manager(em, origin.organization, change);
    const { person, addressChanged } = await this.#person(tx, caller, change);
    const existing = await em.findOne(Membership, { team, person: person.id });
    const membership =
      existing ??
      em.create(Membership, {
        id: newId(at),
        organization: origin.organization,
        team,
        person: person.id,
        roles: [],
        createdAt: at,
        updatedAt: at,
      });
    const becomesOwner = change.roles.includes('owner') && !membership.roles.includes('owner');
    membership.roles = [...change.roles];
    membership.manager = manager?.id ?? null;
    membership.updatedAt = at;
    em.persist(membership);
    person.active = true;
    tx.record({
      action: existing ? 'member.changed' : 'member.added',
      resource: { type: 'person', id: person.id },
      team,
      detail: { roles: change.roles },
    });
    tx.enqueue(peopleChanged(newId(at), person.id, { addressChanged }));
    if (becomesOwner && (await revokeKeysOfOthers(tx, person.id))) tellRevoked(tx, person.id, change.email);
    const { alias, name, email } = change;
    return {
      member: { membership, profile: { alias, name, email }, managerAlias: change.managerAlias },
      made: !existing,
    };
  }

  /**
   * Takes a person out of a team. Whoever is in no team any more can no longer use their keys.
   * @throws NotFound
   * @throws Forbidden where the person is an owner and the caller is none
   */
  async remove(tx: Transaction, caller: Caller, team: string, alias: string): Promise<void> {
    const { em, origin, at } = tx;
    const person = await this.#people.lockByAlias(em, origin.organization, alias);
    const membership = person && (await em.findOne(Membership, { team, person: person.id }));
    if (!person || !membership) throw new NotFound('member');
    await protectOwner(em, caller, person.id);
    await em.remove(membership).flush();
    person.active = (await em.count(Membership, { person: person.id })) > 0;
    tx.record({ action: 'member.removed', resource: { type: 'person', id: person.id }, team });
    tx.enqueue(peopleChanged(newId(at), person.id));
  }

  /** The members of a team, by id; those that it inherits are not among them. */
  async list(
    em: EntityManager,
    organization: string,
    team: string,
    after: string | null,
    limit: number,
  ): Promise<{ id: string; member: Member }[]> {
    const rows = await em.find(
      Membership,
      { team, ...(after ? { id: { $gt: after } } : {}) },
      { orderBy: { id: 'asc' }, limit: limit + 1 },
    );
    const profiles = await this.#people.profiles(
      em,
      organization,
      rows.flatMap((row) => [row.person, ...(row.manager ? [row.manager] : [])]),
    );
    return rows.map((membership) => ({
      id: membership.id,
      member: {
        membership,
        profile: profiles.of(membership.person),
        managerAlias: profiles.of(membership.manager).alias,
      },
    }));
  }

  async #manager(em: EntityManager, organization: string, change: MemberChange): Promise<Person | null> {
    if (change.managerAlias === null) return null;
    if (change.managerAlias === change.alias)
      throw new InvalidRequest([{ path: 'manager_id', message: 'nobody is their own manager' }]);
    const manager = await this.#people.byAlias(em, organization, change.managerAlias);
    if (!manager?.active)
      throw new InvalidRequest([{ path: 'manager_id', message: 'there is no such user in your organization' }]);
    return manager;
  }

  async #person(
    tx: Transaction,
    caller: Caller,
    change: MemberChange,
  ): Promise<{ person: Person; addressChanged: boolean }> {
    const { em, origin } = tx;
    const { alias, name, email } = change;
    if (alias === SERVICE_ALIAS)
      throw new InvalidRequest([
        { path: 'user', message: `${SERVICE_ALIAS} is Countersign itself: choose another id` },
      ]);
    const known = await this.#people.lockByAlias(em, origin.organization, alias);
    if (!known) return { person: await this.#people.makeUser(tx, { alias, name, email }), addressChanged: false };
    await protectOwner(em, caller, known.id);
    const before = (await this.#people.profiles(em, origin.organization, [known.id])).of(known.id);
    const addressChanged = before.email?.toLowerCase() !== email.toLowerCase();
    if (before.name === name && !addressChanged) return { person: known, addressChanged };
    await demandMayRewrite(em, caller, known.id, addressChanged);
    const taken = await this.#people.byEmail(em, origin.organization, email);
    if (taken && taken.id !== known.id)
      throw new ProblemError('already-exists', 'Another user of your organization has this e-mail address.');
    await this.#people.rewrite(tx, known, { alias, name, email });
    tx.record({
      action: 'person.changed',
      resource: { type: 'person', id: known.id },
      detail: { address_changed: addressChanged },
    });
    if (addressChanged) await endSignIns(tx, known.id);
    if (addressChanged && before.email !== null) tellOldAddress(tx, known.id, before.email);
    return { person: known, addressChanged };
  }
}

/**
 * A name is for the admins of any of the person's teams to correct. Whoever changes the address gets what is mailed to the
 * person by any team: that is not for one team's admins.
 * @throws Forbidden
 */
async function demandMayRewrite(em: EntityManager, caller: Caller, person: string, address: boolean): Promise<void> {
  if (may(caller, 'people.manage', [caller.organization])) return;
  if (address)
    throw new Forbidden('Changing an existing user’s e-mail address takes an admin of the whole organization.');
  for (const { team } of await em.find(Membership, { person }))
    if (may(caller, 'teams.manage', await teamPath(em, caller.organization, team))) return;
  throw new Forbidden('Changing an existing user’s name takes an admin of one of their teams.');
}

/** An address that was taken over would otherwise decide in somebody's name without their noticing. */
function tellOldAddress(tx: Transaction, person: string, to: string): void {
  tx.enqueue(
    mailMessage({
      id: newId(tx.at),
      to,
      subjects: [person],
      reference: { template: 'address-changed', person },
      subject: 'Your address for approvals was changed',
      paragraphs: [
        'An administrator of your organization changed the e-mail address that approval requests are sent to. From now on they go to the new address.',
        'If you did not expect this, tell your administrators at once.',
      ],
    }),
  );
}

/**
 * Has the open approvals looked through again in which a person is asked, or stands in for somebody.
 * @param change `dueAt`: when to look, at once where unset; `addressChanged`: links that were mailed to the old address are to end
 */
export function peopleChanged(
  id: string,
  person: string,
  change: { readonly dueAt?: Date; readonly addressChanged?: boolean } = {},
): OutboxMessage {
  const { dueAt, addressChanged } = change;
  return {
    id,
    channel: 'workflow',
    reference: { type: 'people-changed', person, ...(addressChanged ? { addressChanged: 1 } : {}) },
    ...(dueAt ? { dueAt } : {}),
  };
}
