import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { InvalidRequest } from '../../src/platform/errors.ts';
import { validate } from '../../src/platform/http/validate.ts';

/** What is said of a value, or null where it is taken. */
function saidOf(schema: z.ZodType, value: unknown): string | null {
  try {
    validate(z.strictObject({ it: schema }), value === undefined ? {} : { it: value }, '');
    return null;
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    return (error.extension.errors ?? []).map(({ path, message }) => `${path} ${message}`).join(', ');
  }
}

describe('what is said of a value', () => {
  test.each<[z.ZodType, unknown, string]>([
    [z.string(), undefined, 'it is required'],
    [z.string(), 5, 'it must be a string'],
    [z.string(), null, 'it must be a string'],
    [z.number(), '5', 'it must be a number'],
    [z.coerce.number(), 'five', 'it must be a number'],
    [z.int(), 1.5, 'it must be a whole number'],
    [z.number().int(), 1.5, 'it must be a whole number'],
    [z.boolean(), 'true', 'it must be true or false'],
    [z.array(z.string()), {}, 'it must be a list'],
    [z.object({}), [], 'it must be an object'],
    [z.record(z.string(), z.string()), [], 'it must be an object'],
    [z.enum(['a', 'b']), 'c', 'it must be one of "a", "b"'],
    [z.literal(1), 2, 'it must be 1'],
    [z.string().min(1), '', 'it must not be empty'],
    [z.string().min(2), 'a', 'it must have at least 2 characters'],
    [z.string().max(1), 'ab', 'it must have at most 1 character'],
    [z.array(z.string()).min(1), [], 'it must not be empty'],
    [z.array(z.string()).max(2), ['a', 'b', 'c'], 'it must have at most 2 entries'],
    [z.number().min(0), -1, 'it must be 0 or more'],
    [z.number().positive(), 0, 'it must be more than 0'],
    [z.number().max(10), 11, 'it must be 10 or less'],
    [z.number().lt(10), 10, 'it must be less than 10'],
    [z.number().multipleOf(0.5), 0.7, 'it must be a multiple of 0.5'],
    [z.iso.datetime(), 'today', 'it must be an RFC 3339 time such as 2026-11-23T09:00:00Z'],
    [z.iso.date(), 'today', 'it must be a date such as 2026-11-23'],
    [z.uuid(), 'x', 'it must be a UUID'],
    [z.email(), 'x', 'it must be an e-mail address'],
    [z.url(), 'x', 'it must be a URL'],
    [z.string().regex(/^a$/, 'must be an a'), 'b', 'it must be an a'],
    [z.string().regex(/^a$/), 'b', 'it must be of another form'],
  ])('%#: is a sentence of ours that goes on after its path', (schema, value, sentence) => {
    expect(saidOf(schema, value)).toBe(sentence);
  });
});
