import type { EntityManager } from '@mikro-orm/postgresql';
import { Forbidden, InvalidRequest, NotFound, ProblemError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { mailMessage } from '../platform/mail-message.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { Membership, type Person } from './entities.ts';
import type { People, PersonProfile } from './people.ts';
import type { Role } from './rules/roles.ts';

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
   * @param mayRename whether the caller may change what is known about an existing person
   * @returns whether the membership is new
   */
  async put(tx: Transaction, team: string, change: MemberChange, mayRename: boolean): Promise<{ member: Member; made: boolean }> {
    const { em, origin, at } = tx;
    const manager = await this.#manager(em, origin.organization, change);
    const person = await this.#person(tx, change, mayRename);
    const existing = await em.findOne(Membership, { team, person: person.id });
    const membership = existing ?? em.create(Membership, { id: newId(at), organization: origin.organization, team, person: person.id, roles: [], createdAt: at, updatedAt: at });
    membership.roles = [...change.roles];
    membership.manager = manager?.id ?? null;
    membership.updatedAt = at;
    em.persist(membership);
    person.active = true;
    tx.record({ action: existing ? 'member.changed' : 'member.added', resource: { type: 'person', id: person.id }, team, detail: { roles: change.roles } });
    tx.enqueue(peopleChanged(newId(at), person.id));
    const { alias, name, email } = change;
    return { member: { membership, profile: { alias, name, email }, managerAlias: change.managerAlias }, made: !existing };
  }

  /**
   * Takes a person out of a team. Whoever is in no team any more can no longer use their keys.
   * @throws NotFound
   */
  async remove(tx: Transaction, team: string, alias: string): Promise<void> {
    const { em, origin, at } = tx;
    const person = await this.#people.byAlias(em, origin.organization, alias);
    const membership = person && (await em.findOne(Membership, { team, person: person.id }));
    if (!person || !membership) throw new NotFound('member');
    await em.remove(membership).flush();
    person.active = (await em.count(Membership, { person: person.id })) > 0;
    tx.record({ action: 'member.removed', resource: { type: 'person', id: person.id }, team });
    tx.enqueue(peopleChanged(newId(at), person.id));
  }

  /** The members of a team, by id; those that it inherits are not among them. */
  async list(em: EntityManager, organization: string, team: string, after: string | null, limit: number): Promise<{ id: string; member: Member }[]> {
    const rows = await em.find(Membership, { team, ...(after ? { id: { $gt: after } } : {}) }, { orderBy: { id: 'asc' }, limit: limit + 1 });
    const profiles = await this.#people.profiles(em, organization, rows.flatMap((row) => [row.person, ...(row.manager ? [row.manager] : [])]));
    return rows.map((membership) => ({ id: membership.id, member: { membership, profile: profiles.of(membership.person), managerAlias: profiles.of(membership.manager).alias } }));
  }

  async #manager(em: EntityManager, organization: string, change: MemberChange): Promise<Person | null> {
    if (change.managerAlias === null) return null;
    if (change.managerAlias === change.alias) throw new InvalidRequest([{ path: 'manager_id', message: 'nobody is their own manager' }]);
    const manager = await this.#people.byAlias(em, organization, change.managerAlias);
    if (!manager?.active) throw new InvalidRequest([{ path: 'manager_id', message: 'there is no such user in your organization' }]);
    return manager;
  }

  async #person(tx: Transaction, change: MemberChange, mayRename: boolean): Promise<Person> {
    const { em, origin } = tx;
    const { alias, name, email } = change;
    const known = await this.#people.byAlias(em, origin.organization, alias);
    if (!known) return this.#people.makeUser(tx, { alias, name, email });
    const before = (await this.#people.profiles(em, origin.organization, [known.id])).of(known.id);
    if (before.name === name && before.email?.toLowerCase() === email.toLowerCase()) return known;
    if (!mayRename) throw new Forbidden('Changing what is known about an existing user takes an admin of the whole organization.');
    const taken = await this.#people.byEmail(em, origin.organization, email);
    if (taken && taken.id !== known.id) throw new ProblemError('already-exists', 'Another user of your organization has this e-mail address.');
    await this.#people.rewrite(tx, known, { alias, name, email });
    tx.record({ action: 'person.changed', resource: { type: 'person', id: known.id }, detail: { address_changed: before.email !== email } });
    if (before.email !== null && before.email.toLowerCase() !== email.toLowerCase()) tellOldAddress(tx, known.id, before.email);
    return known;
  }
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
      paragraphs: ['An administrator of your organization changed the e-mail address that approval requests are sent to. From now on they go to the new address.', 'If you did not expect this, tell your administrators at once.'],
    }),
  );
}

/** Has the open approvals looked through again in which a person is asked, or stands in for somebody. */
export function peopleChanged(id: string, person: string, dueAt?: Date) {
  return { id, channel: 'workflow' as const, reference: { type: 'people-changed', person }, ...(dueAt ? { dueAt } : {}) };
}
