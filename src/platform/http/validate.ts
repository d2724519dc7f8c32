import type { z } from 'zod';
import { type FieldError, InvalidRequest } from '../errors.ts';
import { inputMessage } from '../input-messages.ts';

/** At most so many places are named; whoever sends thousands of wrong ones need not have them all read back. */
const MAX_ERRORS = 20;

/**
 * Checks what came from outside.
 * @param prefix where it stood: '' for the body, `query`, `path`
 * @throws InvalidRequest naming the path of everything that is wrong
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, prefix: string): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: inputMessage });
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(parsed.error.issues.flatMap((issue) => fieldErrors(issue, prefix)).slice(0, MAX_ERRORS));
}

function fieldErrors(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const at = [prefix, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [at, key.slice(0, 64)].filter((part) => part !== '').join('.'),
      message: 'is not a known field',
    }));
  }
  if (issue.code === 'invalid_union') {
    const several = severalAtOnce(issue.errors, at);
    if (several) return several;
    const best = closestBranch(issue.errors);
    if (best) return best.flatMap((inner) => fieldErrors(inner, at));
  }
  return [{ path: at, message: issue.message }];
}

/** Where a value has what two alternatives want, each of them finds only the other's too many: neither says what is wrong. */
function severalAtOnce(branches: readonly z.core.$ZodIssue[][], at: string): FieldError[] | null {
  const tooMany = branches.flatMap(([issue, ...others]) =>
    issue?.code === 'unrecognized_keys' && issue.path.length === 0 && others.length === 0 ? [issue] : [],
  );
  const [first] = tooMany;
  if (!first || tooMany.length < 2) return null;
  const unknown = first.keys.filter((key) => tooMany.every(({ keys }) => keys.includes(key)));
  const known = [...new Set(tooMany.flatMap(({ keys }) => keys))].filter((key) => !unknown.includes(key)).toSorted();
  const choice = { path: at, message: `give only one of ${known.map((key) => `\`${key}\``).join(' and ')}` };
  return [choice, ...(unknown.length > 0 ? fieldErrors({ ...first, keys: unknown }, at) : [])];
}

/** Of the alternatives of a union, the one that fits best says most about what was meant. */
function closestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const deep = (issues: readonly z.core.$ZodIssue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));
  return branches.toSorted((a, b) => deep(b) - deep(a) || a.length - b.length)[0];
}
