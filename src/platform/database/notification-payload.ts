/** Stands for every resource there is. */
export const EVERYTHING = '*';

/** PostgreSQL refuses payloads of 8,000 bytes and more (NOTIFY). */
const MAX_BYTES = 7_900;
const SEPARATOR = '\n';

/**
 * Packs the names of resources into as few notification payloads as will do.
 * A name that fits into none becomes `EVERYTHING`: somebody looks in vain rather than not at all.
 */
export function packResources(resources: Iterable<string>): string[] {
  const names = new Set(resources);
  for (const name of names) if (!fits(name)) names.add(EVERYTHING);
  if (names.has(EVERYTHING)) return [EVERYTHING];
  const payloads: string[] = [];
  let size = Infinity;
  for (const name of names) {
    const bytes = Buffer.byteLength(name) + SEPARATOR.length;
    if (size + bytes > MAX_BYTES) {
      payloads.push(name);
      size = bytes;
    } else {
      payloads[payloads.length - 1] += SEPARATOR + name;
      size += bytes;
    }
  }
  return payloads;
}

/** The names in a payload. */
export function unpackResources(payload: string): string[] {
  return payload.split(SEPARATOR);
}

function fits(name: string): boolean {
  return name !== '' && !name.includes(SEPARATOR) && Buffer.byteLength(name) < MAX_BYTES;
}
