import { randomBytes } from 'node:crypto';

/** The 12 bits between time and random bits. Half of them are free at the start: some 2,000 ids of one millisecond in order. */
const COUNTER_LIMIT = 0x1000;
const COUNTER_STARTS_BELOW = 0x800;

/** Random bytes are fetched for many ids at a time: asking for 16 costs as much as asking for thousands. */
const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);

let latest = { at: Number.NaN, counter: 0 };

/**
 * A UUID of version 7 (RFC 9562, 5.7): ordered by time, so that index pages fill one after the other. Ids that one process
 * makes for the same moment, one directly after the other, keep their order too (6.2, method 1): what a transaction writes
 * is read back as it was written. Random enough (62 bits) that nobody can guess one.
 * @param at the moment it is made, which its first 48 bits hold in milliseconds
 */
export function newId(at: Date = new Date()): string {
  const bytes = nextRandom16();
  const counter = nextCounter(at.getTime(), bytes.readUInt16BE(6) % COUNTER_STARTS_BELOW);
  bytes.writeUIntBE(at.getTime(), 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Bytes that nobody has been given before. */
function nextRandom16(): Buffer {
  if (pool.length < 16) pool = randomBytes(POOL_BYTES);
  const bytes = pool.subarray(0, 16);
  pool = pool.subarray(16);
  return bytes;
}

function nextCounter(at: number, start: number): number {
  const counter = at === latest.at ? (latest.counter + 1) % COUNTER_LIMIT : start;
  latest = { at, counter };
  return counter;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** A secret for a key or a link: 32 random bytes as URL-safe text (43 characters, 256 bits). */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
