import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSubmission } from '../../src/approvals/pages/decision-fields.ts';
import { maskAddress } from '../../src/approvals/pages/form-parts.ts';
import { needsCode } from '../../src/approvals/step-up.ts';

describe('the fields of a decision', () => {
  test('never decide without a known decision, whatever else they hold', () => {
    const words = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('approve', 'Approve', 'approve ', 'reject', '1', '0', '-1', '1e3', '123456'),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('decision', 'comment', 'code', 'revision', 'step', 'other'), words),
        fc.boolean(),
        (fields, needed) => {
          const submission = readSubmission(fields, needed);
          if (submission.asks !== 'decision') return;
          expect(['approve', 'reject', 'request_changes']).toContain(fields['decision']);
          expect(fields['step']).not.toBe('send_code');
          if (needed) expect(submission.code).toMatch(/^\d{6}$/);
          expect(submission.revision === null || Number.isInteger(submission.revision)).toBe(true);
        },
      ),
    );
  });

  test('keep what was typed, with line ends as people count them', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z ]*$/)), fc.constantFrom('\r\n', '\n', '\r'), (lines, end) => {
        expect(readSubmission({ comment: lines.join(end) }, false).typed.comment).toBe(lines.join('\n'));
      }),
    );
  });

  test('a comment of blanks is none', () => {
    expect(readSubmission({ decision: 'approve', comment: ' \r\n\t' }, false)).toMatchObject({
      asks: 'decision',
      comment: null,
    });
  });

  test.each([
    ['123456', '123456'],
    [' 123 456 ', '123456'],
    ['123-456', '123456'],
  ])('a code may be typed as %j', (typed, code) => {
    expect(readSubmission({ decision: 'approve', code: typed }, true)).toMatchObject({ asks: 'decision', code });
  });

  test.each(['12345', '1234567', '12345a', '１２３４５６', ''])('%j is no code', (code) => {
    expect(readSubmission({ decision: 'approve', code }, true)).toMatchObject({
      asks: 'correction',
      errors: { code: expect.any(String) },
    });
  });
});

describe('an address that is shown to whoever holds the link', () => {
  test.each([
    ['ines.okafor@halden-optics.example', 'i…r@halden-optics.example'],
    ['ab@x.test', 'a…@x.test'],
    ['a@x.test', 'a…@x.test'],
    ['😀mid😀@x.test', '😀…😀@x.test'],
  ])('%s is shown as %s', (address, shown) => {
    expect(maskAddress(address)).toBe(shown);
  });
});

describe('whether a decision takes a code', () => {
  const from = { value: '5000', currency: 'USD' };
  test.each([
    [from, { amount: '5000.000000000000', currency: 'USD' }, true],
    [from, { amount: '4999.999999999999', currency: 'USD' }, false],
    [from, { amount: '0.01', currency: 'EUR' }, true],
    [from, { amount: null, currency: null }, false],
    [null, { amount: '999999999999999', currency: 'USD' }, false],
    [undefined, { amount: '1', currency: 'USD' }, false],
    [{ value: '0', currency: 'USD' }, { amount: '0', currency: 'USD' }, true],
  ])('from %j, for %j: %j', (threshold, request, expected) => {
    expect(needsCode(threshold, request)).toBe(expected);
  });
});
