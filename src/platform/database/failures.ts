/** SQLSTATE classes (PostgreSQL, appendix A) that say the server is going, gone or full, not that the query was wrong. */
const GONE = /^(08|53|57P0)/;
const GONE_SOCKET = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);
/** There is no such socket; a file that is missing is none of the database's. */
const NO_SUCH_FILE = 'ENOENT';
const GONE_TEXT =
  /connection terminated|timeout exceeded when trying to connect|^timeout expired$|connection ended|not queryable|query read timeout/i;
/** Serialization failure and deadlock: the whole transaction may simply be tried again. */
const TRY_AGAIN = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';
/** `query_canceled`: by `statement_timeout`, since we cancel nothing ourselves. */
const QUERY_CANCELED = '57014';

interface Failure {
  readonly message: string;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly constraint?: unknown;
  readonly cause?: unknown;
  readonly previous?: unknown;
}

const DEEPEST_CAUSE = 5;

/** The error and what led to it; drivers and the ORM wrap each other's. */
function* causes(error: unknown): Generator<Failure> {
  let at = error;
  for (let depth = 0; isFailure(at) && depth < DEEPEST_CAUSE; depth += 1) {
    yield at;
    at = at.cause ?? at.previous;
  }
}

/** By its shape: an error from another realm (a test runner's sandbox) is no `instanceof Error`. */
function isFailure(value: unknown): value is Failure {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}

/** Whether the database could not be reached, as opposed to having refused what it was asked. */
export function isDatabaseGone(error: unknown): boolean {
  for (const { code, syscall, message } of causes(error)) {
    if (code === NO_SUCH_FILE && syscall === 'connect') return true;
    if (typeof code === 'string' && (GONE.test(code) || GONE_SOCKET.has(code))) return true;
    if (GONE_TEXT.test(message)) return true;
  }
  return false;
}

/** Two transactions wanted to make the same thing at once; this one lost, and will find it when it is run again. */
export class LostRace extends Error {
  readonly code = 'lost-race';
}

/**
 * Writes what may be there already because somebody else made it at this moment.
 * @param what of which there is one, such as `the stream`
 * @throws LostRace
 */
export async function flushUnique(em: { flush(): Promise<void> }, what: string): Promise<void> {
  try {
    await em.flush();
  } catch (error) {
    if (violatedUniqueConstraint(error) === null) throw error;
    throw new LostRace(`${what} was made by somebody else at this moment`, { cause: error });
  }
}

/** Whether the transaction lost against another one and may be run again from its start. */
export function isWorthRepeating(error: unknown): boolean {
  if (error instanceof LostRace) return true;
  for (const { code } of causes(error)) if (typeof code === 'string' && TRY_AGAIN.has(code)) return true;
  return false;
}

/** Whether the server ended a statement because it took too long. */
export function isStatementTimeout(error: unknown): boolean {
  for (const { code } of causes(error)) if (code === QUERY_CANCELED) return true;
  return false;
}

/** The name of the unique constraint that a write ran into, or null. */
export function violatedUniqueConstraint(error: unknown): string | null {
  for (const { code, constraint } of causes(error))
    if (code === UNIQUE_VIOLATION && typeof constraint === 'string') return constraint;
  return null;
}
