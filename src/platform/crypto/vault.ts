import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { decrypt, encrypt } from './aead.ts';
import type { MasterKey } from './master-key.ts';
import { openSealed, sealFor, subjectsOf } from './sealed.ts';
import { SubjectKey } from './subject-key.ts';

/** How long an unwrapped key is remembered: a key that another process destroys stops working within this time. */
const REMEMBERED_MS = 30_000;
const REMEMBERED_AT_MOST = 20_000;

interface Remembered {
  readonly key: Buffer | null;
  readonly until: number;
}

/** Makes, unwraps and remembers the keys of people and organizations. */
export class Vault {
  readonly #master: MasterKey;
  readonly #remembered = new Map<string, Remembered>();

  constructor(master: MasterKey) {
    this.#master = master;
  }

  /** Makes a key for a new subject, in the transaction that makes the subject. */
  createKey(em: EntityManager, organization: string, subject: string, at: Date): UnlockedKeys {
    const key = randomBytes(32);
    // An earlier attempt that was rolled back may have made another one.
    this.#remembered.delete(`${organization}/${subject}`);
    em.persist(
      em.create(SubjectKey, {
        id: subject,
        organization,
        wrapped: encrypt(this.#master.wrapping, key, subject),
        createdAt: at,
      }),
    );
    return new UnlockedKeys(new Map([[subject, key]]));
  }

  /**
   * Loads the keys of the subjects, in one query for those that are not remembered.
   * @param em bound to the organization; a subject of another organization has no key here
   * @throws CannotDecrypt where one was damaged, or wrapped by another master secret
   */
  async unlock(em: EntityManager, organization: string, subjects: Iterable<string>): Promise<UnlockedKeys> {
    const now = Date.now();
    const keys = new Map<string, Buffer | null>();
    const missing: string[] = [];
    for (const subject of new Set(subjects)) {
      const known = this.#remembered.get(`${organization}/${subject}`);
      if (known && known.until > now) keys.set(subject, known.key);
      else missing.push(subject);
    }
    if (missing.length > 0) {
      const rows = await em.find(SubjectKey, { id: { $in: missing } }, { disableIdentityMap: true });
      for (const { id, wrapped, destroyedAt } of rows) {
        // One that is neither there nor destroyed at some moment is missing: somebody took it away past us.
        if (!wrapped && !destroyedAt) continue;
        const key = wrapped ? decrypt(this.#master.wrapping, wrapped, id) : null;
        keys.set(id, key);
        this.#remember(`${organization}/${id}`, { key, until: now + REMEMBERED_MS });
      }
    }
    return new UnlockedKeys(keys);
  }

  /** Loads the keys that these sealed values need. */
  async unlockFor(
    em: EntityManager,
    organization: string,
    sealed: Iterable<Uint8Array | null | undefined>,
  ): Promise<UnlockedKeys> {
    const subjects: string[] = [];
    for (const value of sealed) if (value) subjects.push(...subjectsOf(value));
    return this.unlock(em, organization, subjects);
  }

  #remember(subject: string, entry: Remembered): void {
    if (this.#remembered.size >= REMEMBERED_AT_MOST) {
      const oldest = this.#remembered.keys().next().value;
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    this.#remembered.set(subject, entry);
  }
}

/** Keys that were loaded: seals and opens without any further I/O. */
export class UnlockedKeys {
  /** Null stands for a key that was destroyed; one that is missing is not in it. */
  readonly #keys: ReadonlyMap<string, Uint8Array | null>;

  constructor(keys: ReadonlyMap<string, Uint8Array | null>) {
    this.#keys = keys;
  }

  /** These keys and those. */
  and(others: UnlockedKeys): UnlockedKeys {
    return new UnlockedKeys(new Map([...this.#keys, ...others.#keys]));
  }

  /** Whether the subject's key is here and was not destroyed. */
  has(subject: string): boolean {
    return this.#keys.get(subject) != null;
  }

  /** Whether the keyring says that the subject's key was destroyed. */
  wasDestroyed(subject: string): boolean {
    return this.#keys.get(subject) === null;
  }

  seal(subjects: string | readonly string[], place: string, text: string): Buffer {
    const all = typeof subjects === 'string' ? [subjects] : [...new Set(subjects)];
    return sealFor(all, place, text, (subject) => this.#keys.get(subject) ?? null);
  }

  /** The text, or null where nothing was sealed or a key it needs was destroyed. */
  open(sealed: Uint8Array | null | undefined, place: string): string | null {
    return sealed ? openSealed(sealed, place, (subject) => this.#keys.get(subject) ?? null) : null;
  }
}
