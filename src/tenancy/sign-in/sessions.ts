import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../../platform/clock.ts';
import { sha256 } from '../../platform/crypto/master-key.ts';
import { DirectoryEntry } from '../../platform/database/directory.ts';
import type { Caller } from '../../platform/http/caller.ts';
import type { Provenance } from '../../platform/http/provenance.ts';
import { newId, newSecret } from '../../platform/ids.ts';
import type { Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { Membership, Person, Session } from '../entities.ts';
import { organizationById } from '../organizations.ts';
import type { People } from '../people.ts';
import { scopesOfRoles } from '../rules/permissions.ts';

/** Milliseconds after which one signs in again. */
export const SESSION_MS = 12 * 3_600_000;

/** Who is signed in, read anew with every request: what was taken from somebody is gone at once. */
export interface SignedIn {
  /** The session's id; not its secret. */
  readonly session: string;
  readonly person: string;
  readonly name: string | null;
  readonly organizationName: string;
  /** The person as a caller: sees and may do what their roles allow. */
  readonly caller: Caller;
}

/** The sessions of people who signed in with a mailed link. */
export class Sessions {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; people: People; clock: Clock }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#clock = parts.clock;
  }

  /** Starts a session, in the transaction that uses the link up. Only the secret's hash is kept. */
  start(tx: Transaction, person: string): { secret: string } {
    const { em, origin, at } = tx;
    const secret = newSecret();
    const session = em.create(Session, {
      id: newId(at),
      organization: origin.organization,
      person,
      hash: sha256(secret),
      createdAt: at,
      expiresAt: new Date(at.getTime() + SESSION_MS),
    });
    em.persist(session);
    em.persist(
      em.create(DirectoryEntry, {
        kind: 'session',
        hash: sha256(secret),
        organization: origin.organization,
        target: session.id,
      }),
    );
    tx.record({ action: 'session.started', resource: { type: 'session', id: session.id } });
    return { secret };
  }

  /**
   * @param secret what the cookie holds
   * @returns null where nobody is signed in (any more)
   */
  async find(secret: string): Promise<SignedIn | null> {
    const entry = await this.#work.database.read(null, (em) =>
      em.findOne(DirectoryEntry, { kind: 'session', hash: sha256(secret) }),
    );
    return entry && this.#work.read(entry.organization, (em) => this.#open(em, entry.organization, entry.target));
  }

  async end({ session, caller }: SignedIn, provenance: Provenance): Promise<void> {
    await this.#work.write({ organization: caller.organization, actor: caller.actor, ...provenance }, async (tx) => {
      const row = await tx.em.findOneOrFail(Session, { id: session });
      row.endedAt ??= tx.at;
      await tx.em.nativeDelete(DirectoryEntry, { kind: 'session', hash: row.hash, organization: caller.organization });
      tx.record({ action: 'session.ended', resource: { type: 'session', id: session } });
    });
  }

  async #open(em: EntityManager, organization: string, id: string): Promise<SignedIn | null> {
    const session = await em.findOne(Session, { id, endedAt: null, expiresAt: { $gt: this.#clock.now() } });
    const person = session && (await em.findOne(Person, { id: session.person, kind: 'user', active: true }));
    if (!person) return null;
    const { name, alias } = (await this.#people.profiles(em, organization, [person.id])).of(person.id);
    const memberships = await em.find(Membership, { person: person.id });
    return {
      session: id,
      person: person.id,
      name: name ?? alias,
      organizationName: (await organizationById(em, organization)).name,
      caller: callerOf(organization, id, person.id, memberships),
    };
  }
}

function callerOf(organization: string, session: string, person: string, rows: readonly Membership[]): Caller {
  const memberships = rows.map(({ team, roles }) => ({ team, roles }));
  const scopes = new Set<string>(scopesOfRoles(new Set(rows.flatMap(({ roles }) => roles))));
  return {
    organization,
    key: session,
    kind: 'person',
    person,
    team: null,
    scopes,
    memberships,
    actor: { type: 'person', id: person },
  };
}
