/** Where a request came from. Personal data: the audit log keeps it sealed. */
export interface RequestSource {
  /** The network address, as far as trusted proxies tell it. */
  readonly address: string | null;
  /** What the client says of itself, cut to `MAX_USER_AGENT` characters. */
  readonly userAgent: string | null;
}

export const MAX_USER_AGENT = 500;

/** Whose data the source is, and under whose key it is sealed: the person's who acts, else the organization's. */
export function sourceSubject({
  organization,
  actor,
}: {
  readonly organization: string;
  readonly actor: { readonly type: string; readonly id: string | null };
}): string {
  return actor.type === 'person' && actor.id !== null ? actor.id : organization;
}
