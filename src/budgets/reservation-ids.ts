import { canonicalJson, type JsonValue } from '../platform/canonical-json.ts';
import type { MasterKey } from '../platform/crypto/master-key.ts';

/**
 * The internal id of a reservation: a UUID of version 8 (RFC 9562, 5.8) out of a keyed hash, so that it is found by what a
 * caller chose to call it without keeping that, and so that nobody can choose another organization's.
 */
export function reservationId(master: MasterKey, organization: string, id: string): string {
  const bytes = master.lookupHash(`reservation ${organization}`, id).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * What the same content is recognized by, whatever order its members came in. Keyed, because what a request says about people
 * could otherwise be guessed and confirmed.
 */
export function hashOf(master: MasterKey, organization: string, content: JsonValue): Buffer {
  return master.lookupHash(`reserved ${organization}`, canonicalJson(content)).subarray(0, 16);
}
