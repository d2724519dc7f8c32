import { z } from 'zod';
import { readTextIfThere, writeFileDurably } from '../../platform/embedded/files.ts';

const stateSchema = z.strictObject({
  log_key: z.string(),
  checkpoint: z.string(),
  cosignature: z.string(),
  handed_over: z.boolean(),
});

/** What a witness must never forget: the largest tree it has put its name to. */
export interface WitnessState {
  /** The key that the log signs with, as it was when the witness began. */
  readonly logKey: string;
  /** The checkpoint, as the log signed it. */
  readonly checkpoint: string;
  /** The witness's signature under it, as a line. */
  readonly cosignature: string;
  /** Whether the log has it. */
  readonly handedOver: boolean;
}

/** The file is there, and is none that a witness wrote: going on would mean to forget what was seen. */
export class UnreadableState extends Error {
  readonly code = 'unreadable-state';
  constructor(path: string) {
    super(
      `${path} is no state of a witness. Restore it from a backup; with a new file, the witness would know nothing of what it has signed.`,
    );
  }
}

/** @returns null where there is none yet. @throws UnreadableState */
export async function readState(path: string): Promise<WitnessState | null> {
  const text = await readTextIfThere(path);
  if (text === null) return null;
  const state = parseState(text);
  if (state === null) throw new UnreadableState(path);
  return state;
}

/** Null where the text is none of a witness's state. */
export function parseState(text: string): WitnessState | null {
  try {
    const { log_key: logKey, checkpoint, cosignature, handed_over: handedOver } = stateSchema.parse(JSON.parse(text));
    return { logKey, checkpoint, cosignature, handedOver };
  } catch {
    return null;
  }
}

/** After a crash at any moment, the file holds the old state or this one, and nothing in between. */
export async function writeState(
  path: string,
  { logKey, checkpoint, cosignature, handedOver }: WitnessState,
): Promise<void> {
  await writeFileDurably(
    path,
    `${JSON.stringify({ log_key: logKey, checkpoint, cosignature, handed_over: handedOver }, null, 2)}\n`,
  );
}
