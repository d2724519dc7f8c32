import { type KeyType, MalformedKey, parseVerifierKey, type VerifierKey } from '../../audit/notes/keys.ts';
import { CommandRefused } from '../refusal.ts';

/**
 * The public key that an option names.
 * @throws CommandRefused where it is no key, or one of another kind
 */
export function keyOf(type: KeyType, text: string, option: string): VerifierKey {
  try {
    const key = parseVerifierKey(text);
    if (key.type === type) return key;
    throw new CommandRefused(`What ${option} names is the key of a ${key.type}, not of a ${type}.`);
  } catch (error) {
    if (error instanceof MalformedKey)
      throw new CommandRefused(`What ${option} names is no public key: ${error.message}.`);
    throw error;
  }
}
