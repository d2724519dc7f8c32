import type { Clock } from '../platform/clock.ts';
import { sha256 } from '../platform/crypto/master-key.ts';
import type { Database } from '../platform/database/database.ts';
import { ProblemError } from '../platform/errors.ts';
import { type Authenticator, type Caller, DeadKey, UNKNOWN_KEY } from '../platform/http/caller.ts';
import { effectiveScopes } from './rules/permissions.ts';

interface KeyRow {
  readonly key_id: string;
  readonly organization_id: string;
  readonly kind: Caller['kind'];
  readonly person_id: string | null;
  readonly team_id: string | null;
  readonly scopes: string[];
  readonly expires_at: Date | string | null;
  readonly revoked_at: Date | string | null;
  readonly active: boolean;
  readonly memberships: Caller['memberships'];
}

/** Finds the key by its hash, before the organization is known; one round trip to the database. */
export class KeyAuthenticator implements Authenticator {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async authenticate(bearer: string): Promise<Caller> {
    const rows = await this.#database.reach(() =>
      this.#database.orm.em
        .getConnection()
        .execute<KeyRow[]>('select * from countersign.authenticate(?)', [sha256(bearer)]),
    );
    const row = rows[0];
    if (!row) throw new ProblemError('unauthenticated', UNKNOWN_KEY);
    const because = this.#whyDead(row);
    if (because) throw new DeadKey({ organization: row.organization_id, actor: actorOf(row), because });
    return callerOf(row);
  }

  #whyDead(row: KeyRow): DeadKey['because'] | null {
    if (row.revoked_at !== null) return 'revoked';
    if (row.expires_at !== null && new Date(row.expires_at) <= this.#clock.now()) return 'expired';
    return row.active ? null : 'deactivated';
  }
}

function callerOf(row: KeyRow): Caller {
  const base = {
    organization: row.organization_id,
    key: row.key_id,
    kind: row.kind,
    person: row.person_id,
    team: row.team_id,
  };
  return { ...base, scopes: scopesOf(row), memberships: row.memberships, actor: actorOf(row) };
}

function scopesOf(row: KeyRow): ReadonlySet<string> {
  if (row.kind !== 'person') return new Set(row.scopes);
  return new Set(effectiveScopes(row.scopes, new Set(row.memberships.flatMap((membership) => membership.roles))));
}

function actorOf(row: KeyRow): DeadKey['actor'] {
  if (row.kind === 'person') return { type: 'person', id: row.person_id, key: row.key_id };
  return { type: row.kind === 'operator' ? 'operator' : 'service', id: row.key_id, key: row.key_id };
}
