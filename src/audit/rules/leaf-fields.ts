/** What a leaf says, as it is written in it (docs/AUDIT.md, "An entry"). */
export interface LeafFields {
  readonly v: number;
  readonly id: string;
  readonly at: string;
  readonly organization: string;
  readonly actor: { readonly type: string; readonly ref: string | null; readonly key: string | null };
  readonly on_behalf_of: string | null;
  readonly action: string;
  readonly resource: { readonly type: string; readonly ref: string };
  readonly outcome: 'success' | 'denied';
  readonly team: string | null;
  readonly policy_version?: string | number;
  readonly request_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly personal?: string;
}
