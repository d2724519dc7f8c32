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
  const code = systemCode(error);
  if (code === null) return error;
  return new CommandRefused(`${path} is not ${what}: ${REASONS[code] ?? `it cannot be read (${code})`}.`, {
    cause: error,
  });
}

/** @param error of the system */
export function cannotWrite(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  return new CommandRefused(`${path} cannot be written: ${WRITING[code] ?? `the system says ${code}`}.`, {
    cause: error,
  });
}

/** Null where it is none of the system. */
function systemCode(error: unknown): string | null {
  if (!(error instanceof Error && 'code' in error)) return null;
  return 'syscall' in error || error.code === TOO_LARGE ? String(error.code) : null;
}

/** Node reads no file of 2 GiB and more as a whole. */
const TOO_LARGE = 'ERR_FS_FILE_TOO_LARGE';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
  ENOTDIR: 'there is no such file',
  [TOO_LARGE]: 'it is much too large',
};

const WRITING: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a folder',
  ENOTEMPTY: 'it is a folder',
  EACCES: 'you may not write there',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
};
