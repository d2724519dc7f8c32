/** What the log holds of an error. */
export interface DescribedError {
  readonly type: string;
  readonly code?: string | number;
  /** Where it is known to hold nothing that somebody wrote. */
  readonly message?: string;
  /** The calls that led to it, without the message that V8 puts before them. */
  readonly stack?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly cause?: DescribedError;
}

const MAX_CAUSES = 5;
/** `unavailable`, `cannot-decrypt`: codes of our own errors, whose messages hold nothing that somebody wrote; all but one. */
const OUR_CODE = /^(?!invalid-request$)[a-z]+(?:-[a-z]+)+$|^unavailable$/;
/** Defects: their messages name members and functions of the program. */
const DEFECTS: ReadonlySet<string> = new Set(['TypeError', 'ReferenceError', 'AssertionError']);

/**
 * Says of an error what helps to find its cause, and nothing else. Messages of libraries are left out, because they quote
 * what they were given: PostgreSQL the row (`detail`), the JSON parser the text, an SMTP server the address.
 */
export function describeError(error: unknown): DescribedError {
  return describe(error, MAX_CAUSES);
}

function describe(error: unknown, depth: number): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = memberOf(error, 'code');
  const stack = callsOf(error);
  const described: DescribedError = {
    type: error.constructor.name || error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(hasHarmlessMessage(error, code) ? { message: error.message } : {}),
    ...(stack === '' ? {} : { stack }),
    ...namesIn(error),
  };
  return error.cause instanceof Error && depth > 0
    ? { ...described, cause: describe(error.cause, depth - 1) }
    : described;
}

function hasHarmlessMessage(error: Error, code: unknown): boolean {
  // What Node says of a failed system call: `connect ECONNREFUSED 127.0.0.1:5432`.
  if (typeof memberOf(error, 'syscall') === 'string') return true;
  return DEFECTS.has(error.name) || (typeof code === 'string' && OUR_CODE.test(code));
}

/** What the database names of itself. */
function namesIn(error: Error): { constraint?: string; table?: string } {
  const [constraint, table] = [memberOf(error, 'constraint'), memberOf(error, 'table')];
  return { ...(typeof constraint === 'string' ? { constraint } : {}), ...(typeof table === 'string' ? { table } : {}) };
}

function callsOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}

function memberOf(error: Error, name: string): unknown {
  return name in error ? Object.getOwnPropertyDescriptor(error, name)?.value : undefined;
}
