import { z } from 'zod';
import { decodeBase64 } from '../notes/base64.ts';
import { MalformedKey, parseVerifierKey } from '../notes/keys.ts';
import { MalformedNote, parseNote } from '../notes/signed-note.ts';

/** The API does not answer as it should: nothing can be said about its log at present. */
export class LogUnreachable extends Error {
  readonly code = 'log-unreachable';
}

/** The API refuses the witness, for a reason that whoever runs it can do something about. */
export class WitnessRefused extends Error {
  readonly code = 'witness-refused';
}

const TIMEOUT_MS = 30_000;
/** More than any answer of ours. */
const LONGEST_ANSWER = 1_048_576;

const consistencySchema = z.object({ hashes: z.array(z.base64()) });
const problemSchema = z.object({ detail: z.string() });

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A log, as its API shows it. */
export class LogClient {
  readonly #baseUrl: string;
  readonly #apiKey: string;

  /** @param baseUrl origin of the API */
  constructor(baseUrl: string, apiKey: string) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#apiKey = apiKey;
  }

  /** The key that signs the log, as it says. @throws LogUnreachable, WitnessRefused */
  async publicKey(): Promise<string> {
    const key = (await this.#must('GET', '/public-key')).trim();
    mustRead('its key', () => parseVerifierKey(key));
    return key;
  }

  /** The newest checkpoint: a signed note, whoever signed it. @throws LogUnreachable, WitnessRefused */
  async checkpoint(): Promise<string> {
    const note = await this.#must('GET', '/checkpoint');
    mustRead('a checkpoint', () => parseNote(note));
    return note;
  }

  /**
   * What proves that the log of `second` entries begins with the one of `first`; null where the log says that it has no such proof.
   * @throws LogUnreachable, WitnessRefused
   */
  async consistency(first: number, second: number): Promise<readonly Uint8Array[] | null> {
    const answer = await this.#ask('GET', `/consistency?first=${first}&second=${second}`);
    if (answer.status === 400 || answer.status === 404) return null;
    return parseHashes(accepted(answer));
  }

  /**
   * Hands a cosignature in.
   * @returns false where the log says that it has no such checkpoint
   * @throws LogUnreachable, WitnessRefused
   */
  async handOver(size: number, cosignature: string): Promise<boolean> {
    const answer = await this.#ask('POST', '/cosignatures', { tree_size: size, cosignature });
    if (answer.status === 400 || answer.status === 404) return false;
    accepted(answer);
    return true;
  }

  async #must(method: string, path: string): Promise<string> {
    return accepted(await this.#ask(method, path));
  }

  async #ask(method: string, path: string, body?: object): Promise<Answer> {
    try {
      const response = await fetch(`${this.#baseUrl}/api/v1/audit${path}`, {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { authorization: `Bearer ${this.#apiKey}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await readAtMost(response, LONGEST_ANSWER) };
    } catch (error) {
      if (error instanceof LogUnreachable) throw error;
      throw new LogUnreachable(`${this.#baseUrl} does not answer`, { cause: error });
    }
  }
}

function accepted({ status, text }: Answer): string {
  if (status < 300) return text;
  const detail = detailOf(text);
  if (status === 401 || status === 403) throw new WitnessRefused(`The log refuses this: ${detail}`);
  throw new LogUnreachable(`The log answered ${status}: ${detail}`);
}

/** A page that says that all is being maintained comes with 200 now and then: it says nothing about the log. */
function mustRead(what: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof MalformedKey || error instanceof MalformedNote)) throw error;
    throw new LogUnreachable(`The log answered with something else than ${what}.`, { cause: error });
  }
}

function detailOf(text: string): string {
  const problem = problemSchema.safeParse(parseJson(text));
  return problem.success ? problem.data.detail : 'nothing that can be understood';
}

function parseHashes(text: string): Uint8Array[] {
  const parsed = consistencySchema.safeParse(parseJson(text));
  if (!parsed.success) throw new LogUnreachable('The log answered with something else than a consistency proof.');
  return parsed.data.hashes.map((hash) => decodeBase64(hash));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function readAtMost(response: Response, bytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let left = bytes;
  for await (const part of response.body ?? []) {
    left -= part.length;
    if (left < 0) throw new LogUnreachable('The log answers with more than it ever should.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
