import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import type { UnlockedKeys, Vault } from '../platform/crypto/vault.ts';
import { DirectoryEntry } from '../platform/database/directory.ts';
import { flushUnique } from '../platform/database/failures.ts';
import { ProblemError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { Person } from './entities.ts';

/** What is known about a person; every field is null once they were erased. A guest has neither alias nor name. */
export interface PersonProfile {
  readonly alias: string | null;
  readonly name: string | null;
  readonly email: string | null;
}

/** Who asks where Countersign itself does. Nobody else can be called so. */
export const SERVICE_ALIAS = 'countersign';

const ERASED: PersonProfile = { alias: null, name: null, email: null };
const place = (person: string) => `people.profile:${person}`;

/** The people of an organization: found by keyed hashes, kept sealed under keys of their own. */
export class People {
  readonly #master: MasterKey;
  readonly #vault: Vault;

  constructor(master: MasterKey, vault: Vault) {
    this.#master = master;
    this.#vault = vault;
  }

  byAlias(em: EntityManager, organization: string, alias: string): Promise<Person | null> {
    return em.findOne(Person, { organization, aliasHash: this.#aliasHash(organization, alias) });
  }

  /** As `byAlias`, and whatever else changes this person or signs them in waits for the transaction's end. */
  lockByAlias(em: EntityManager, organization: string, alias: string): Promise<Person | null> {
    return em.findOne(
      Person,
      { organization, aliasHash: this.#aliasHash(organization, alias) },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
  }

  byEmail(em: EntityManager, organization: string, email: string): Promise<Person | null> {
    return em.findOne(Person, { organization, emailHash: this.#emailHash(organization, email) });
  }

  /** The internal ids of users by the ids that callers gave them; one that is unknown is missing from the map. */
  async idsOf(em: EntityManager, organization: string, aliases: readonly string[]): Promise<Map<string, string>> {
    const hashes = new Map(
      [...new Set(aliases)].map((alias) => [this.#aliasHash(organization, alias).toString('hex'), alias]),
    );
    if (hashes.size === 0) return new Map();
    const rows = await em.find(Person, {
      organization,
      active: true,
      aliasHash: { $in: [...hashes.keys()].map((hex) => Buffer.from(hex, 'hex')) },
    });
    return new Map(rows.map((row) => [hashes.get(Buffer.from(row.aliasHash ?? []).toString('hex')) ?? '', row.id]));
  }

  /** As `idsOf`, and those who have left are known too: what they did before is booked all the same. */
  async idsEverKnown(em: EntityManager, organization: string, aliases: Iterable<string>): Promise<Map<string, string>> {
    const byHash = new Map(
      Array.from(aliases, (alias) => [this.#aliasHash(organization, alias).toString('hex'), alias]),
    );
    const rows = await em.execute<{ id: string; hash: string }[]>(
      `select id, encode(alias_hash, 'hex') as hash from countersign.people
       where organization_id = ? and alias_hash in (select decode(h, 'hex') from unnest(?::text[]) as h)`,
      [organization, `{${[...byHash.keys()].join(',')}}`],
    );
    return new Map(rows.map((row) => [byHash.get(row.hash) ?? '', row.id]));
  }

  /** Opens the profiles of people; whoever is unknown or erased has an empty one. */
  async profiles(em: EntityManager, organization: string, ids: Iterable<string>): Promise<Profiles> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return new Profiles(new Map());
    const rows = await em.find(Person, { organization, id: { $in: wanted } });
    const keys = await this.#vault.unlock(
      em,
      organization,
      rows.map((row) => row.id),
    );
    return new Profiles(new Map(rows.map((row) => [row.id, openProfile(row, keys)])));
  }

  /** Makes a user, or makes one of the guest who has this address already. */
  async makeUser(tx: Transaction, profile: { alias: string; name: string; email: string }): Promise<Person> {
    const { em, origin, at } = tx;
    const guest = await this.byEmail(em, origin.organization, profile.email);
    if (guest && guest.kind === 'user') throw addressTaken();
    if (guest) {
      guest.kind = 'user';
      guest.aliasHash = this.#aliasHash(origin.organization, profile.alias);
      await this.rewrite(tx, guest, profile);
      return guest;
    }
    return this.#insert(tx, newId(at), 'user', profile);
  }

  /** The person with this address; a guest is made where there is none. */
  async byEmailOrGuest(tx: Transaction, email: string): Promise<Person> {
    return (
      (await this.byEmail(tx.em, tx.origin.organization, email)) ??
      this.#insert(tx, newId(tx.at), 'guest', { alias: null, name: null, email })
    );
  }

  /** Countersign itself, as whoever asks: it holds no role, has no address, and can never decide. */
  async service(tx: Transaction): Promise<Person> {
    const known = await this.byAlias(tx.em, tx.origin.organization, SERVICE_ALIAS);
    const profile = { alias: SERVICE_ALIAS, name: 'Countersign', email: null };
    return known ?? this.#insert(tx, newId(tx.at), 'service', profile);
  }

  /** Replaces what is known about a person. */
  async rewrite(tx: Transaction, person: Person, profile: PersonProfile): Promise<void> {
    const { em, origin, at } = tx;
    const before = await this.profiles(em, origin.organization, [person.id]);
    const keys = await this.#vault.unlock(em, origin.organization, [person.id]);
    person.profile = keys.seal(person.id, place(person.id), JSON.stringify(profile));
    person.emailHash = profile.email === null ? null : this.#emailHash(origin.organization, profile.email);
    person.updatedAt = at;
    const old = before.of(person.id).email;
    if (old !== null && old !== profile.email) {
      await em.nativeDelete(DirectoryEntry, {
        kind: 'address',
        hash: this.addressHash(old),
        organization: origin.organization,
      });
    }
    if (profile.email !== null && old !== profile.email)
      this.#listAddress(em, origin.organization, person.id, profile.email);
    await flushUnique(em, 'the person');
  }

  /** The hash by which an address is found in whatever organization it belongs to. */
  addressHash(email: string): Buffer {
    return this.#master.lookupHash('address', normalizeEmail(email));
  }

  async #insert(tx: Transaction, id: string, kind: Person['kind'], profile: PersonProfile): Promise<Person> {
    const { em, origin, at } = tx;
    const keys = this.#vault.createKey(em, origin.organization, id, at);
    const person = em.create(Person, {
      id,
      organization: origin.organization,
      kind,
      aliasHash: profile.alias === null ? null : this.#aliasHash(origin.organization, profile.alias),
      emailHash: profile.email === null ? null : this.#emailHash(origin.organization, profile.email),
      profile: keys.seal(id, place(id), JSON.stringify(profile)),
      active: kind !== 'service',
      createdAt: at,
      updatedAt: at,
    });
    em.persist(person);
    if (profile.email !== null) this.#listAddress(em, origin.organization, id, profile.email);
    await flushUnique(em, 'the person');
    return person;
  }

  #listAddress(em: EntityManager, organization: string, person: string, email: string): void {
    em.persist(
      em.create(DirectoryEntry, { kind: 'address', hash: this.addressHash(email), organization, target: person }),
    );
  }

  #aliasHash(organization: string, alias: string): Buffer {
    return this.#master.lookupHash(`${organization}/alias`, alias);
  }

  #emailHash(organization: string, email: string): Buffer {
    return this.#master.lookupHash(`${organization}/email`, normalizeEmail(email));
  }
}

/** Profiles that were opened. */
export class Profiles {
  readonly #byId: ReadonlyMap<string, PersonProfile>;

  constructor(byId: ReadonlyMap<string, PersonProfile>) {
    this.#byId = byId;
  }

  of(person: string | null | undefined): PersonProfile {
    return (person && this.#byId.get(person)) || ERASED;
  }

  /** How to call somebody in a sentence. */
  nameOf(person: string | null | undefined): string {
    const { name, alias, email } = this.of(person);
    return name ?? alias ?? email ?? 'somebody who was erased';
  }
}

function openProfile(row: Person, keys: UnlockedKeys): PersonProfile {
  const text = keys.open(row.profile, place(row.id));
  return text === null ? ERASED : (JSON.parse(text) as PersonProfile);
}

/** Addresses are compared without regard to case, as every mail provider of note delivers them. */
function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

function addressTaken(): ProblemError {
  return new ProblemError('already-exists', 'Another user of your organization has this e-mail address.');
}
