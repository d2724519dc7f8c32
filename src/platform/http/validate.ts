import type { z } from 'zod';
import { type FieldError, InvalidRequest } from '../errors.ts';

/** At most so many places are named; whoever sends thousands of wrong ones need not have them all read back. */
const MAX_ERRORS = 20;

/**
 * Checks what came from outside.
 * @param prefix where it stood: '' for the body, `query`, `path`
 * @throws InvalidRequest naming the path of everything that is wrong
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown, prefix: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidRequest(parsed.error.issues.flatMap((issue) => fieldErrors(issue, prefix)).slice(0, MAX_ERRORS));
}

function fieldErrors(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const at = [prefix, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [at, key.slice(0, 64)].filter((part) => part !== '').join('.'), message: 'is not a known field' }));
  }
  if (issue.code === 'invalid_union') {
    const best = closestBranch(issue.errors);
    if (best) return best.flatMap((inner) => fieldErrors(inner, at));
  }
  return [{ path: at, message: isMissing(issue) ? 'is required' : lowerFirst(issue.message) }];
}

/** Of the alternatives of a union, the one that fits best says most about what was meant. */
function closestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const deep = (issues: readonly z.core.$ZodIssue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));
  return branches.toSorted((a, b) => deep(b) - deep(a) || a.length - b.length)[0];
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

function lowerFirst(text: string): string {
  return text.replace(/^Invalid input: /, '').replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());
}
