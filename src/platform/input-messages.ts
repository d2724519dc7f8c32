import type { z } from 'zod';
import { counted } from './counted.ts';

type Issue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'an RFC 3339 time such as 2026-11-23T09:00:00Z',
  date: 'a date such as 2026-11-23',
  email: 'an e-mail address',
  url: 'a URL',
  uuid: 'a UUID',
};

const PARTS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
};

/**
 * What is said of a value that a schema refuses without words of its own: a sentence that goes on after the value's path.
 * The validation library's words never leave.
 */
export function inputMessage(issue: Issue): string {
  if (issue.input === undefined) return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? 'of another type'}`;
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? 'of another form'}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values.map((value) => JSON.stringify(value)))}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return tooBig(issue);
    default:
      return 'is not valid';
  }
}

function tooSmall({ origin, minimum, inclusive }: Extract<Issue, { code: 'too_small' }>): string {
  const parts = PARTS[origin];
  if (!parts) return inclusive ? `must be ${minimum} or more` : `must be more than ${minimum}`;
  return Number(minimum) === 1 ? 'must not be empty' : `must have at least ${counted(Number(minimum), ...parts)}`;
}

function tooBig({ origin, maximum, inclusive }: Extract<Issue, { code: 'too_big' }>): string {
  const parts = PARTS[origin];
  if (!parts) return inclusive ? `must be ${maximum} or less` : `must be less than ${maximum}`;
  return `must have at most ${counted(Number(maximum), ...parts)}`;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `one of ${values.join(', ')}`;
}
