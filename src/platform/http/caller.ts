import { ProblemError } from '../errors.ts';
import type { Actor } from '../unit-of-work.ts';

/** Who sends a request, as the key says. What they may do is for the features to judge. */
export interface Caller {
  readonly organization: string;
  readonly key: string;
  readonly kind: 'operator' | 'owner' | 'person' | 'service';
  /** The person the key belongs to, where it belongs to one. */
  readonly person: string | null;
  /** The team a service key is bound to. */
  readonly team: string | null;
  readonly scopes: ReadonlySet<string>;
  /** The person's roles: by team, the organization's root being the team with the organization's id. */
  readonly memberships: readonly { readonly team: string; readonly roles: readonly string[] }[];
  readonly actor: Actor;
}

/** Somebody used a key of an organization that is not valid any more. The caller is told no more than of a key that is none. */
export class DeadKey extends ProblemError {
  readonly organization: string;
  readonly actor: Actor & { readonly key: string };
  readonly because: 'revoked' | 'expired' | 'deactivated';

  constructor(parts: Pick<DeadKey, 'organization' | 'actor' | 'because'>) {
    super('unauthenticated', UNKNOWN_KEY);
    this.name = 'DeadKey';
    this.organization = parts.organization;
    this.actor = parts.actor;
    this.because = parts.because;
  }
}

export const UNKNOWN_KEY = 'This API key is unknown, expired or revoked.';

/** Finds out who sends a request. */
export interface Authenticator {
  /** @throws DeadKey; ProblemError `unauthenticated` */
  authenticate(bearer: string): Promise<Caller>;
}
