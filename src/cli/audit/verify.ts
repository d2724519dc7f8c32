import { cosignatureTime } from '../../audit/notes/checkpoint.ts';
import type { VerifierKey } from '../../audit/notes/keys.ts';
import { UnverifiedNote } from '../../audit/notes/signed-note.ts';
import { type RefusedBundle, type ValidBundle, verifyBundle } from '../../audit/verifier.ts';
import { parseState } from '../../audit/witnessing/state-file.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { cannotRead, keyOrFile, readOwnFile } from './files.ts';
import { keyOf } from './keys.ts';

export interface VerifyOptions {
  readonly key: string;
  readonly seen?: string;
  readonly witness?: string;
  readonly json?: boolean;
}

/** Nothing can be said about the log then: the question was wrong. */
const NO_VERDICT = new Set<RefusedBundle['verdict']>(['not-a-bundle', 'not-a-checkpoint']);

/**
 * Verifies a bundle. Needs nothing but the files it is given.
 * @throws CommandRefused where one of them is missing or is something else
 */
export async function verify(bundle: string, options: VerifyOptions): Promise<ExitStatus> {
  const key = await keyOrFile(options.key);
  keyOf('log', key, '--key');
  const seen =
    options.seen === undefined ? {} : { seen: checkpointIn(await readOwnFile(options.seen, 'a checkpoint')) };
  const witness =
    options.witness === undefined ? null : keyOf('witness', await keyOrFile(options.witness), '--witness');
  const result = await verified(bundle, { key, ...seen });
  if (result.verdict !== 'valid') return refuse(result, options);
  const cosigned = witness && cosignedAt(result, witness);
  if (options.json)
    say(JSON.stringify({ ...result, ...(witness && { cosigned_at: cosigned?.toISOString() ?? null }) }));
  else describe(result, witness, cosigned, options);
  if (witness && !cosigned) return EXIT.wrong;
  if (result.seen === 'not-compared')
    throw new CommandRefused(
      `The checkpoint in ${options.seen} could not be compared: the bundle does not show the log of its size. Ask GET /api/v1/audit/consistency for a proof between it and the bundle’s checkpoint, or for a bundle that begins earlier.`,
    );
  return EXIT.fine;
}

async function verified(bundle: string, options: { key: string; seen?: string }) {
  try {
    return await verifyBundle(bundle === '-' ? process.stdin : bundle, options);
  } catch (error) {
    throw cannotRead(bundle, 'a bundle', error);
  }
}

/** A witness keeps the checkpoint that it has seen in its state. */
function checkpointIn(text: string): string {
  return parseState(text)?.checkpoint ?? text;
}

function cosignedAt({ checkpoint }: ValidBundle, witness: VerifierKey): Date | null {
  try {
    return cosignatureTime(checkpoint, witness);
  } catch (error) {
    if (error instanceof UnverifiedNote) return null;
    throw error;
  }
}

function refuse(refused: RefusedBundle, { json }: VerifyOptions): ExitStatus {
  const { verdict, how, seq } = refused;
  if (json) say(JSON.stringify(refused));
  if (NO_VERDICT.has(verdict)) throw new CommandRefused(`Not verified: ${how}.`);
  if (!json)
    say(seq === undefined ? `${verdict.toUpperCase()}: ${how}.` : `${verdict.toUpperCase()} at entry ${seq}: ${how}.`);
  return EXIT.wrong;
}

function describe(
  { start, entries, erased, late, from, to, treeSize, seen }: ValidBundle,
  witness: VerifierKey | null,
  cosigned: Date | null,
  options: VerifyOptions,
): void {
  say(
    `VALID: ${entries} ${entries === 1 ? 'entry' : 'entries'}${entries > 0 ? `, ${start} to ${start + entries - 1}` : ''}, of ${from} to ${to}.`,
  );
  say(`They lead to the checkpoint of ${treeSize} entries, which the log’s key has signed.`);
  if (erased > 0)
    say(`${erased} of them had personal data that was erased; what was recorded of them is proven all the same.`);
  if (late)
    say(
      `${late.entries} of them are late: they stand after others that are more than an hour younger. The first is entry ${late.first}.`,
    );
  if (seen === 'agrees') say(`The checkpoint in ${options.seen} is of the same history.`);
  if (cosigned) say(`The witness cosigned that checkpoint on ${cosigned.toISOString()}.`);
  else if (witness) say(`NOT COSIGNED: ${witness.name} has not signed the checkpoint that the bundle leads to.`);
}
