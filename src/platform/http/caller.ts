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

/** Finds out who sends a request. */
export interface Authenticator {
  /** @throws ProblemError `unauthenticated` */
  authenticate(bearer: string): Promise<Caller>;
}
