import { readFile } from 'node:fs/promises';
import { CommandRefused } from '../refusal.ts';

const VERIFIER_KEY = /^[^+\s]+\+[0-9a-f]{8}\+\S+$/;

/**
 * A public key: itself, or the file that holds it.
 * @throws CommandRefused where there is no such file
 */
export async function keyOrFile(given: string): Promise<string> {
  return VERIFIER_KEY.test(given) ? given : (await readOwnFile(given, 'a public key, or a file with one')).trim();
}

/**
 * @param what it is to be, for the message
 * @throws CommandRefused where it cannot be read
 */
export async function readOwnFile(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw cannotRead(path, what, error);
  }
}

/** @param error of the system */
export function cannotRead(path: string, what: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : null;
  if (code === null) return error;
  return new CommandRefused(`${path} is not ${what}: ${REASONS[code] ?? `it cannot be read (${code})`}.`, {
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  ENOTDIR: 'there is no such file',
};
