import type { BareDatabase } from '../../platform/database/bare.ts';
import type { SigningKey } from '../notes/keys.ts';
import type { SigningKeys } from '../sealing/signing-keys.ts';

/** There is no log of this organization: nothing of it was ever sealed. */
export class NoLog extends Error {
  readonly code = 'no-log';
  constructor() {
    super('the organization has no audit log that was sealed');
  }
}

/** The keys of logs, which the application itself cannot reach. */
export class LogKeys {
  readonly #database: BareDatabase;
  readonly #keys: SigningKeys;

  /** @param database opened under `countersign_sealer` */
  constructor(database: BareDatabase, keys: SigningKeys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** @throws NoLog, CannotDecrypt, Unavailable */
  async of(organization: string): Promise<SigningKey> {
    const [row] = await this.#database.query<{ signing_key: Buffer }>(
      'select signing_key from countersign.audit_logs where organization_id = $1',
      [organization],
    );
    if (!row) throw new NoLog();
    return this.#keys.open(organization, row.signing_key);
  }
}
