import type { Request } from 'express';
import { InvalidRequest, ProblemError } from '../errors.ts';
import { membersOf, repeatedMember, shapeOf } from './json-names.ts';

/** Larger than any request of the API. */
export const BODY_LIMIT_BYTES = 1024 * 1024;
/** Deeper than any request of the API. Much deeper values cannot be written out again: the stack would overflow. */
export const MAX_NESTING = 64;
/** Milliseconds after which the connection of somebody who goes on sending what was refused is cut. */
const DISCARD_FOR_MS = 10_000;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a body of JSON (RFC 8259).
 * @returns undefined where there is none
 * @throws ProblemError `payload-too-large`, or `invalid-request` where it is no JSON in well-formed UTF-8, or names a member twice
 */
export async function readJson(request: Request): Promise<unknown> {
  const bytes = await readBody(request);
  if (bytes.length === 0) return undefined;
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new InvalidRequest([{ path: 'header.content-type', message: 'must be application/json' }]);
  }
  return parseJson(decode(bytes));
}

/**
 * Reads the fields of an HTML form; of a name that came twice the first counts.
 * @throws ProblemError `payload-too-large`, or `invalid-request` where it is no well-formed UTF-8
 */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const fields = new URLSearchParams(decode(await readBody(request)));
  return Object.fromEntries([...new Set(fields.keys())].map((name) => [name, fields.get(name) ?? '']));
}

async function readBody(request: Request): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new InvalidRequest([{ path: 'header.content-encoding', message: 'must not be set: send the body as it is' }]);
  try {
    return await collect(request);
  } catch (error) {
    discard(request);
    throw error;
  }
}

async function collect(request: Request): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge();
  const { promise: complete, resolve, reject } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  let room = BODY_LIMIT_BYTES;
  const onData = (chunk: Buffer) => {
    room -= chunk.length;
    if (room < 0) reject(tooLarge());
    else chunks.push(chunk);
  };
  request.on('data', onData);
  request.once('end', resolve);
  for (const event of ['error', 'close'])
    request.once(event, () => reject(new InvalidRequest([{ path: '', message: 'the body ended early' }])));
  await complete.finally(() => request.off('data', onData));
  return Buffer.concat(chunks);
}

/** What a client is still sending is read and thrown away for a while: it would never look for an answer otherwise. */
function discard(request: Request): void {
  const giveUp = setTimeout(() => request.socket.destroy(), DISCARD_FOR_MS).unref();
  request.once('close', () => clearTimeout(giveUp));
  request.resume();
}

function tooLarge(): ProblemError {
  return new ProblemError('payload-too-large', `A body may have at most ${BODY_LIMIT_BYTES} bytes.`);
}

function decode(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new InvalidRequest([{ path: '', message: 'the body is not well-formed UTF-8' }]);
  }
}

function parseJson(text: string): unknown {
  const { depth, members } = shapeOf(text);
  if (depth > MAX_NESTING)
    throw new InvalidRequest([{ path: '', message: `the body is nested more than ${MAX_NESTING} levels deep` }]);
  const value = parseWellFormed(text);
  // JSON.parse keeps one of those with the same name: only then is it worth looking for it.
  const repeated = membersOf(value) === members ? null : repeatedMember(text);
  if (repeated)
    throw new InvalidRequest([
      {
        path: repeated.map((name) => name.slice(0, 64)).join('.'),
        message: 'stands more than once in the same object',
      },
    ]);
  return value;
}

function parseWellFormed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidRequest([{ path: '', message: 'the body is not well-formed JSON' }]);
  }
}
