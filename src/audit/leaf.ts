import { hash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../platform/canonical-json.ts';
import { leafHash } from './merkle.ts';
import type { LeafFields } from './rules/leaf-fields.ts';

export const SALT_BYTES = 32;

/** The public part of an entry. All references are internal ids: nothing that anybody wrote, no name, no address. */
export interface PublicFields {
  readonly id: string;
  readonly at: Date;
  readonly organization: string;
  readonly actor: { readonly type: string; readonly ref: string | null; readonly key: string | null };
  readonly onBehalfOf: string | null;
  readonly action: string;
  readonly resource: { readonly type: string; readonly ref: string };
  readonly outcome: 'success' | 'denied';
  readonly team: string | null;
  readonly policyVersion?: string | number;
  readonly requestId: string | null;
  readonly detail: { readonly [name: string]: JsonValue };
  /** The commitment to the personal fields (`commitmentTo`), where there are any. */
  readonly personal?: string;
}

/** What an entry says about a person: from where, with what. Erased with the person, while the commitment stays. */
export type PersonalFields = { readonly [name: string]: JsonValue };

/** The personal fields, and the salt without which nobody can find them out by trying: what opens a commitment. */
export interface Personal {
  /** Base64 of 32 random bytes, new for every entry. */
  readonly salt: string;
  readonly fields: PersonalFields;
}

/** What was sealed as an entry's personal fields is something else. The message says nothing about what it holds. */
export class NotPersonal extends Error {
  readonly code = 'not-personal';
  constructor() {
    super('this is no salt of 32 bytes with personal fields');
  }
}

/** The leaf of an entry: the text that is kept for ever, and hashed. Version 1 (docs/AUDIT.md, "An entry"). */
export function leafText(entry: PublicFields): string {
  const leaf = {
    v: 1,
    id: entry.id,
    at: entry.at.toISOString(),
    organization: entry.organization,
    actor: { type: entry.actor.type, ref: entry.actor.ref, key: entry.actor.key },
    on_behalf_of: entry.onBehalfOf,
    action: entry.action,
    resource: { type: entry.resource.type, ref: entry.resource.ref },
    outcome: entry.outcome,
    team: entry.team,
    request_id: entry.requestId,
    detail: entry.detail,
    ...(entry.policyVersion !== undefined && { policy_version: entry.policyVersion }),
    ...(entry.personal !== undefined && { personal: entry.personal }),
  } satisfies LeafFields;
  return canonicalJson(leaf);
}

/** The hash of a leaf's text, as it stands in the tree. */
export function leafTextHash(text: string): Uint8Array {
  return leafHash(Buffer.from(text));
}

/**
 * @param salt 32 random bytes, never used twice
 * @throws NotPersonal for a salt of another length
 */
export function personalWith(salt: Uint8Array, fields: PersonalFields): Personal {
  if (salt.length !== SALT_BYTES) throw new NotPersonal();
  return { salt: Buffer.from(salt).toString('base64'), fields };
}

/** The commitment to personal fields: base64 of SHA-256 over the salt and the fields as canonical JSON. */
export function commitmentTo({ salt, fields }: Personal): string {
  return hash('sha256', Buffer.concat([Buffer.from(salt, 'base64'), Buffer.from(canonicalJson(fields))]), 'base64');
}

/** The commitment that a leaf holds; null where it has none, or is no leaf at all. */
export function commitmentIn(leaf: string): string | null {
  const entry = parse(leaf);
  return isRecord(entry) && typeof entry['personal'] === 'string' ? entry['personal'] : null;
}

/** Whether these are the personal fields that were committed to. */
export function opens(personal: Personal, commitment: string): boolean {
  return commitmentTo(personal) === commitment;
}

/** The text to seal. */
export function personalText({ salt, fields }: Personal): string {
  return canonicalJson({ salt, fields });
}

/**
 * What `personalText` wrote.
 * @throws NotPersonal
 */
export function parsePersonal(text: string): Personal {
  const value = parse(text);
  if (!isRecord(value) || typeof value['salt'] !== 'string' || !isRecord(value['fields'])) throw new NotPersonal();
  return personalWith(Buffer.from(value['salt'], 'base64'), value['fields']);
}

/** Undefined where it is no JSON. */
function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function isRecord(value: JsonValue | undefined): value is { readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
