import { InvalidProof, verifyConsistency } from '../merkle.ts';
import { cosignCheckpoint, openCheckpoint, type TreeHead } from '../notes/checkpoint.ts';
import { MalformedKey, parseVerifierKey, type SigningKey, type VerifierKey } from '../notes/keys.ts';
import { formatSignature, MalformedNote, UnverifiedNote } from '../notes/signed-note.ts';
import type { LogClient } from './log-client.ts';
import { readState, type WitnessState, writeState } from './state-file.ts';

/** The log shows something that does not follow from what it has signed before. Both are kept: together they prove it. */
export class LogInconsistent extends Error {
  readonly code = 'log-inconsistent';
  readonly evidence: Evidence;
  constructor(how: string, evidence: Evidence) {
    super(how);
    this.evidence = evidence;
  }
}

/** What proves that a log shows different histories. */
export interface Evidence {
  readonly log_key: string;
  /** What was seen and cosigned before; null where there was nothing. */
  readonly seen: string | null;
  /** What the log shows now. */
  readonly shown: string;
  /** The consistency proof that the log gave, base64; null where it gave none. */
  readonly proof: readonly string[] | null;
}

export interface Round {
  readonly outcome: 'cosigned' | 'unchanged';
  readonly size: number;
}

export interface WitnessParts {
  readonly log: LogClient;
  readonly key: SigningKey;
  /** Where the state is kept. */
  readonly stateFile: string;
  /** The log's key, as `name+id+base64`; null: what the log says at the first time is believed from then on. */
  readonly logKey: string | null;
  readonly now: () => Date;
}

/** Looks after one log: puts its name to what follows from everything it saw before, and to nothing else. */
export class Witness {
  readonly #parts: WitnessParts;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
  }

  /**
   * Looks once. The state is on disk before the log gets the signature: a witness that dies in between never signs two histories.
   * @throws LogInconsistent, LogUnreachable, WitnessRefused, UnreadableState, MalformedKey
   */
  async round(): Promise<Round> {
    const { log, stateFile } = this.#parts;
    const seen = await readState(stateFile);
    if (seen && !seen.handedOver) await this.#handOver(seen);
    const logKey = await this.#logKey(seen);
    const shown = await log.checkpoint();
    const evidence = { log_key: logKey, seen: seen?.checkpoint ?? null, shown };
    const head = open(shown, parseVerifierKey(logKey), evidence);
    if (seen && !(await this.#grewFrom(seen, head, evidence))) return { outcome: 'unchanged', size: head.size };
    await this.#cosign(logKey, shown);
    return { outcome: 'cosigned', size: head.size };
  }

  async #logKey(seen: WitnessState | null): Promise<string> {
    const { log, logKey } = this.#parts;
    if (seen && logKey !== null && logKey !== seen.logKey)
      throw new MalformedKey(
        'the log’s key is not the one that this witness began with; a log that has a new key is another log, and takes another state file',
      );
    return seen?.logKey ?? logKey ?? log.publicKey();
  }

  /** @returns whether there is anything new */
  async #grewFrom(seen: WitnessState, head: TreeHead, evidence: Omit<Evidence, 'proof'>): Promise<boolean> {
    const before = openCheckpoint(seen.checkpoint, parseVerifierKey(seen.logKey));
    if (head.size < before.size)
      throw new LogInconsistent(`the log went back from ${before.size} entries to ${head.size}`, {
        ...evidence,
        proof: null,
      });
    const proof = head.size === before.size ? [] : await this.#parts.log.consistency(before.size, head.size);
    if (proof === null)
      throw new LogInconsistent(
        `the log cannot prove that its ${head.size} entries begin with the ${before.size} that it has signed`,
        { ...evidence, proof },
      );
    try {
      verifyConsistency(before.size, head.size, before.root, head.root, proof);
    } catch (error) {
      if (!(error instanceof InvalidProof)) throw error;
      throw new LogInconsistent(
        `the log’s ${head.size} entries do not begin with the ${before.size} that it has signed: ${error.message}`,
        { ...evidence, proof: proof.map(base64) },
      );
    }
    return head.size > before.size;
  }

  async #cosign(logKey: string, checkpoint: string): Promise<void> {
    const { key, stateFile, now } = this.#parts;
    const cosignature = formatSignature(cosignCheckpoint(checkpoint, key, now())).trimEnd();
    const state = { logKey, checkpoint, cosignature, handedOver: false };
    await writeState(stateFile, state);
    await this.#handOver(state);
  }

  async #handOver(state: WitnessState): Promise<void> {
    const { log, stateFile } = this.#parts;
    const { size } = openCheckpoint(state.checkpoint, parseVerifierKey(state.logKey));
    if (!(await log.handOver(size, state.cosignature))) {
      const evidence = { log_key: state.logKey, seen: null, shown: state.checkpoint, proof: null };
      throw new LogInconsistent(
        `the log showed a checkpoint of ${size} entries, and says now that it has another one or none`,
        evidence,
      );
    }
    await writeState(stateFile, { ...state, handedOver: true });
  }
}

function open(shown: string, key: VerifierKey, evidence: Omit<Evidence, 'proof'>): TreeHead {
  try {
    return openCheckpoint(shown, key);
  } catch (error) {
    if (!(error instanceof MalformedNote || error instanceof UnverifiedNote)) throw error;
    throw new LogInconsistent(`the log shows a checkpoint that its key did not sign: ${error.message}`, {
      ...evidence,
      proof: null,
    });
  }
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64');
}
