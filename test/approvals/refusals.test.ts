import { describe, expect, test } from '@jest/globals';
import { refusalProblem } from '../../src/approvals/refusals.ts';
import type { FieldError } from '../../src/platform/errors.ts';

/** Every refusal that is recorded, with the code it is answered with and what its words must tell to do. */
const EXPECTED: readonly [refusal: string, code: string, advice: RegExp][] = [
  ['approval-closed', 'approval-closed', /make a new request/i],
  ['already-decided', 'already-decided', /asked again/],
  ['separation-of-duties', 'separation-of-duties', /somebody else has to/],
  ['stale-revision', 'stale-revision', /read it again/i],
  ['not-an-approver', 'not-an-approver', /reassign/],
  ['not-asked', 'invalid-request', /name somebody who is, a guest in `from_email`/],
  ['already-asked', 'invalid-request', /name somebody else/],
  ['not-available', 'invalid-request', /name somebody else/],
  ['stage-not-open', 'invalid-request', /read the request again/],
  ['nothing-changed', 'invalid-request', /send a title/],
  ['requester-erased', 'invalid-request', /withdraw it/],
];

describe('a refusal', () => {
  test.each(EXPECTED)('as %s is answered as %s, and says what to do', (refusal, code, advice) => {
    const problem = refusalProblem(refusal, 'approved');
    expect(problem.code).toBe(code);
    expect(problem.message).toMatch(advice);
    for (const error of errorsOf(refusal)) expect(problem.message).toContain(error.message);
  });

  test('of a request that waits for changes says what it waits for, and that of a closed one how it ended', () => {
    expect(refusalProblem('approval-closed', 'changes_requested').message).toMatch(/resubmit/);
    expect(refusalProblem('approval-closed', 'expired')).toMatchObject({
      message: expect.stringContaining('expired'),
      extension: { state: 'expired' },
    });
  });

  test.each(['what a later version refuses', 'constructor'])(
    'that this version does not know (%s) is refused all the same',
    (refusal) => {
      expect(refusalProblem(refusal, 'pending')).toMatchObject({
        code: 'invalid-request',
        message: expect.stringMatching(/read it again/),
      });
    },
  );

  function errorsOf(refusal: string): readonly FieldError[] {
    return refusalProblem(refusal, 'approved').extension.errors ?? [];
  }
});
