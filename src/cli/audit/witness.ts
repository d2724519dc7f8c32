import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { rest } from '../../platform/rest.ts';
import { formatVerifierKey, isKeyName, MalformedKey, type SigningKey, signingKey } from '../../audit/notes/keys.ts';
import { SEED_BYTES } from '../../audit/notes/ed25519.ts';
import { formatWitnessKey, parseWitnessKey } from '../../audit/witnessing/key-file.ts';
import { LogClient, LogUnreachable, WitnessRefused } from '../../audit/witnessing/log-client.ts';
import { UnreadableState } from '../../audit/witnessing/state-file.ts';
import { LogInconsistent, Witness } from '../../audit/witnessing/witness.ts';
import { writeFileDurably } from '../../platform/embedded/files.ts';
import { withLock } from '../../platform/embedded/lock.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';
import { EXIT, type ExitStatus } from './exit.ts';
import { keyOrFile, readOwnFile } from './files.ts';
import { keyOf } from './keys.ts';

export interface WitnessOptions {
  readonly url: string;
  readonly apiKeyFile: string;
  readonly keyFile: string;
  readonly state: string;
  readonly logKey?: string;
  readonly every?: string;
  readonly once?: boolean;
}

const DEFAULT_EVERY_MS = 30_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const PRIVATE = 0o600;

/** Makes a witness's key. */
export async function makeWitnessKey(options: { readonly name: string; readonly out: string }): Promise<void> {
  if (!isKeyName(options.name))
    throw new CommandRefused('A key has a name without spaces and plus signs, such as witness.example.com.');
  const seed = randomBytes(SEED_BYTES);
  const key = signingKey(options.name, seed, 'witness');
  await writeNew(options.out, formatWitnessKey(key, seed));
  say(formatVerifierKey(key));
}

/**
 * Looks after a log, once or until it is told to end.
 * @throws CommandRefused where it cannot look (any more)
 */
export async function witness(options: WitnessOptions): Promise<ExitStatus> {
  const everyMs = options.every === undefined ? DEFAULT_EVERY_MS : milliseconds(options.every);
  const rounds = new Rounds(await build(options), options.state);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  for (;;) {
    const verdict = options.once ? await rounds.one() : await rounds.oneOfMany();
    if (options.once || verdict === EXIT.wrong) return verdict;
    await rest(everyMs, stopping.signal);
    if (stopping.signal.aborted) return EXIT.fine;
  }
}

/** Rounds of one witness; no two of them at the same time, whatever processes run. */
class Rounds {
  readonly #witness: Witness;
  readonly #state: string;

  constructor(of: Witness, state: string) {
    this.#witness = of;
    this.#state = state;
  }

  /** @throws CommandRefused where nothing can be said about the log */
  async one(): Promise<ExitStatus> {
    try {
      const { outcome, size } = await withLock(`${this.#state}.lock`, say, 'witnessing with the same state', () =>
        this.#witness.round(),
      );
      say(
        outcome === 'cosigned'
          ? `Cosigned the checkpoint of ${size} entries.`
          : `Nothing new: the log has ${size} entries.`,
      );
      return EXIT.fine;
    } catch (error) {
      if (error instanceof LogInconsistent) return this.#keepEvidence(error);
      if (error instanceof LogUnreachable || error instanceof WitnessRefused || error instanceof UnreadableState)
        throw new CommandRefused(error.message, { cause: error });
      if (error instanceof MalformedKey)
        throw new CommandRefused(`The log’s key cannot be used: ${error.message}.`, { cause: error });
      throw error;
    }
  }

  /** A log that cannot be reached now may be in the next round. */
  async oneOfMany(): Promise<ExitStatus> {
    try {
      return await this.one();
    } catch (error) {
      if (!(error instanceof CommandRefused && error.cause instanceof LogUnreachable)) throw error;
      process.stderr.write(`${error.message} Trying again.\n`);
      return EXIT.fine;
    }
  }

  /** Named by what it holds: the same evidence is kept once, and none is ever overwritten. */
  async #keepEvidence({ message, evidence }: LogInconsistent): Promise<ExitStatus> {
    const text = `${JSON.stringify({ how: message, ...evidence }, null, 2)}\n`;
    const path = `${this.#state}.evidence-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`;
    await writeFileDurably(path, text);
    say(`INCONSISTENT: ${message}.`);
    say(`Nothing was cosigned. What was seen and what is shown now are kept in ${path}: together they prove it.`);
    return EXIT.wrong;
  }
}

async function build(options: WitnessOptions): Promise<Witness> {
  if (!/^https?:\/\//.test(options.url))
    throw new CommandRefused('--url is the address of the API, such as https://countersign.example.com.');
  const apiKey = (await readOwnFile(options.apiKeyFile, 'a file with an API key')).trim();
  const logKey = options.logKey === undefined ? null : await keyOrFile(options.logKey);
  if (logKey !== null) keyOf('log', logKey, '--log-key');
  return new Witness({
    log: new LogClient(options.url, apiKey),
    key: await ownKey(options.keyFile),
    stateFile: options.state,
    logKey,
    now: () => new Date(),
  });
}

async function ownKey(path: string): Promise<SigningKey> {
  try {
    return parseWitnessKey(await readOwnFile(path, 'a witness’s private key'));
  } catch (error) {
    if (error instanceof MalformedKey)
      throw new CommandRefused(`${path}: ${error.message}. \`npx countersign audit witness-key\` makes one.`);
    throw error;
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: PRIVATE });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new CommandRefused(`${path} is there already. A key that is overwritten is lost; choose another name.`);
    throw error;
  }
}

function milliseconds(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})(s|m|h)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new CommandRefused('--every is a time such as 30s, 5m or 1h.');
  return Number(count) * UNITS[unit]!;
}
