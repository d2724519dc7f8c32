import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { writeInPieces } from '../../../src/audit/exports/export-file.ts';
import { formatVerifierKey } from '../../../src/audit/notes/keys.ts';
import { runCommand } from '../../../src/platform/embedded/command.ts';
import { toolEnvironment } from '../../../src/platform/embedded/environment.ts';
import { scratchFolder } from '../../../src/platform/embedded/scratch-folder.ts';
import { timed } from '../concurrency.ts';
import { SyntheticLog } from './synthetic-log.ts';

const PROGRAM = fileURLToPath(new URL('./verify-program.ts', import.meta.url));
const VERIFIED_WITHIN_MS = 10 * 60_000;
/** A bundle holds at most this many checkpoints besides the last one; this one holds that many. */
const CHECKPOINTS = 4_096;

const outcome = z.object({
  verdict: z.string(),
  entries: z.number().optional(),
  seconds: z.number(),
  idleMegabytes: z.number(),
  peakMegabytes: z.number(),
});

export interface VerifiedFile extends z.infer<typeof outcome> {
  readonly bytes: number;
  readonly writtenInS: number;
}

/**
 * Writes a bundle of a whole log with the product's writer into a file, and has a process of its own verify that.
 * @throws Error where it does not verify
 */
export async function verifyLargeBundle(entries: number, seed: number): Promise<VerifiedFile> {
  const folder = await scratchFolder('bench-bundle');
  try {
    const path = join(folder, 'bundle.jsonl');
    const log = new SyntheticLog(seed);
    const written = await timed(() => writeFileOf(log, entries, path));
    const args = ['--no-warnings', PROGRAM, path, formatVerifierKey(log.key)];
    const found = outcome.parse(
      JSON.parse(
        await runCommand(process.execPath, args, { timeoutMs: VERIFIED_WITHIN_MS, environment: toolEnvironment({}) }),
      ),
    );
    if (found.verdict !== 'valid' || found.entries !== entries)
      throw new Error(`a bundle of ${entries} entries was found ${found.verdict}`);
    return { ...found, bytes: written.result, writtenInS: written.ms / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFileOf(log: SyntheticLog, entries: number, path: string): Promise<number> {
  const file = await open(path, 'w');
  try {
    const parts = log.whole(entries, Math.max(1, Math.ceil(entries / CHECKPOINTS)));
    return (await writeInPieces(parts, log.key, async (piece) => void (await file.write(piece)))).bytes;
  } finally {
    await file.close();
  }
}
