import { decodeBase64, MalformedBase64 } from '../notes/base64.ts';
import { MalformedKey, type SigningKey, signingKey } from '../notes/keys.ts';

const WITNESS_TYPE = 0x04;
const PREFIX = 'PRIVATE+KEY+';

/**
 * A witness's private key as a file holds it, in the form that other implementations of C2SP signed-note read and write too:
 * `PRIVATE+KEY+name+id+base64`, where the base64 is of the type and the seed.
 */
export function formatWitnessKey({ name, id }: SigningKey, seed: Uint8Array): string {
  return `${PREFIX}${name}+${id}+${Buffer.concat([Buffer.of(WITNESS_TYPE), seed]).toString('base64')}\n`;
}

/**
 * Reads what `formatWitnessKey` wrote.
 * @throws MalformedKey, whose message never shows the key
 */
export function parseWitnessKey(text: string): SigningKey {
  const [, name, id, encoded] = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(\S+)\s*$/.exec(text) ?? [];
  if (name === undefined || encoded === undefined)
    throw new MalformedKey('this is no private key of a witness: PRIVATE+KEY+name+id+base64');
  const bytes = decode(encoded);
  if (bytes[0] !== WITNESS_TYPE) throw new MalformedKey('the private key is none of a witness (type 4)');
  const key = signingKey(name, bytes.subarray(1), 'witness');
  if (key.id !== id) throw new MalformedKey('the id is not the one of this name and key: part of it was changed');
  return key;
}

function decode(encoded: string): Buffer {
  try {
    return decodeBase64(encoded);
  } catch (error) {
    if (error instanceof MalformedBase64) throw new MalformedKey('the private key is not base64');
    throw error;
  }
}
