import { setTimeout as pause } from 'node:timers/promises';
import { LockMode } from '@mikro-orm/core';
import type { Clock } from '../../platform/clock.ts';
import { DirectoryEntry } from '../../platform/database/directory.ts';
import type { Provenance } from '../../platform/http/provenance.ts';
import { newId } from '../../platform/ids.ts';
import { mailMessage } from '../../platform/mail-message.ts';
import type { Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { Person, SignInLink } from '../entities.ts';
import { organizationById } from '../organizations.ts';
import type { People } from '../people.ts';
import type { SignInLimits } from './limits.ts';
import type { Sessions } from './sessions.ts';
import {
  type ClosedLink,
  closedReason,
  findSignInLink,
  makeSignInLink,
  SIGN_IN_LINK_MINUTES,
  SignInLinkClosed,
  useSignInLink,
} from './sign-in-links.ts';
import { signInMail } from './sign-in-mail.ts';

/** Longer than writing a mail takes: a known address is answered no later than one that nobody has. */
const ANSWER_AFTER_MS = 300;

/** What stands behind a one-time link; `unknown` also once it was removed. */
export type LinkState = 'open' | 'unknown' | ClosedLink;

/** Signs people in by links that are mailed to them. */
export class SignInService {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #sessions: Sessions;
  readonly #limits: SignInLimits;
  readonly #clock: Clock;
  readonly #publicUrl: string;

  constructor(parts: {
    work: UnitOfWork;
    people: People;
    sessions: Sessions;
    limits: SignInLimits;
    clock: Clock;
    publicUrl: string;
  }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#sessions = parts.sessions;
    this.#limits = parts.limits;
    this.#clock = parts.clock;
    this.#publicUrl = parts.publicUrl;
  }

  /**
   * Mails a link to whoever has this address, one for each organization they belong to. Neither the answer nor the time it
   * takes says whether anybody has it.
   * @throws ProblemError `rate-limited` or `unavailable`
   */
  async request(email: string, provenance: Provenance): Promise<void> {
    const hash = this.#people.addressHash(email);
    await this.#limits.take(hash, provenance.source?.address ?? 'unknown');
    await Promise.all([pause(ANSWER_AFTER_MS), this.#mailLinks(hash, provenance)]);
  }

  /** Looks at a link without changing anything. */
  async look(token: string): Promise<LinkState> {
    const entry = await this.#find(token);
    if (!entry) return 'unknown';
    const link = await this.#work.read(entry.organization, (em) => em.findOne(SignInLink, { id: entry.target }));
    return link ? (closedReason(link, this.#clock.now()) ?? 'open') : 'unknown';
  }

  /**
   * Uses a link up and starts a session.
   * @returns the session's secret, for the cookie
   */
  async signIn(
    token: string,
    provenance: Provenance,
  ): Promise<{ secret: string } | { closed: Exclude<LinkState, 'open'> }> {
    const entry = await this.#find(token);
    const person =
      entry &&
      (await this.#work.read(entry.organization, (em) => em.findOne(SignInLink, { id: entry.target })))?.person;
    if (!entry || !person) return { closed: 'unknown' };
    try {
      return await this.#work.write(
        { organization: entry.organization, actor: { type: 'person', id: person }, ...provenance },
        async (tx) => {
          const user = await lockUser(tx, person);
          await useSignInLink(tx, entry.target);
          if (!user) throw new SignInLinkClosed('expired');
          return this.#sessions.start(tx, person);
        },
      );
    } catch (error) {
      if (error instanceof SignInLinkClosed) return { closed: error.reason };
      throw error;
    }
  }

  #find(token: string): Promise<DirectoryEntry | null> {
    return this.#work.database.read(null, (em) => findSignInLink(em, token));
  }

  async #mailLinks(address: Buffer, provenance: Provenance): Promise<void> {
    const entries = await this.#work.database.read(null, (em) =>
      em.find(DirectoryEntry, { kind: 'address', hash: address }),
    );
    await Promise.all(entries.map((entry) => this.#mailLink(entry, provenance)));
  }

  /** Guests decide by the links that they are mailed; they have nothing to sign in to. */
  async #mailLink({ organization, target }: DirectoryEntry, provenance: Provenance): Promise<void> {
    await this.#work.write({ organization, actor: { type: 'system', id: null }, ...provenance }, async (tx) => {
      const person = await lockUser(tx, target);
      const email = person && (await this.#people.profiles(tx.em, organization, [person.id])).of(person.id).email;
      if (!person || email === null) return;
      const { token } = makeSignInLink(tx, person.id);
      const { name } = await organizationById(tx.em, organization);
      const content = signInMail(name, `${this.#publicUrl}/sign-in/${token}`, SIGN_IN_LINK_MINUTES);
      tx.enqueue(
        mailMessage({
          ...content,
          id: newId(tx.at),
          to: email,
          subjects: [person.id],
          reference: { template: 'sign-in', person: person.id },
        }),
      );
      tx.record({ action: 'sign_in.requested', resource: { type: 'person', id: person.id } });
    });
  }
}

/** Somebody who may sign in. Their address stays as it is until the transaction ends: a change of it ends what was started before. */
function lockUser({ em }: Transaction, id: string): Promise<Person | null> {
  return em.findOne(Person, { id, kind: 'user', active: true }, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
