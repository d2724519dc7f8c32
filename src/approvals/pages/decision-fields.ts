import { z } from 'zod';
import { type DecisionFormView, MAX_COMMENT_LENGTH } from '../../pages/decision-form.ts';
import { longText } from '../../platform/http/schemas.ts';
import type { DecisionKind } from '../rules.ts';

/** What was typed, to be shown again where something is wrong. */
export interface Typed {
  readonly comment: string;
  readonly code: string;
}

export type FieldErrors = NonNullable<DecisionFormView['errors']>;

/** A form that was sent: it asks for a code, decides, or must be corrected first. */
export type Submission =
  | { readonly asks: 'code'; readonly typed: Typed }
  | {
      readonly asks: 'decision';
      readonly typed: Typed;
      readonly decision: DecisionKind;
      readonly comment: string | null;
      readonly code: string;
      readonly revision: number | null;
    }
  | { readonly asks: 'correction'; readonly typed: Typed; readonly errors: FieldErrors };

const decisionSchema = z.enum(['approve', 'reject', 'request_changes']);
const revisionSchema = z.coerce.number().int().min(1).max(1_000_000).nullable();
const commentSchema = longText(MAX_COMMENT_LENGTH);
const LONGEST_CODE = 64;

/**
 * Reads the fields of a decision's form.
 * @param needsCode whether a decision takes a code of six digits
 */
export function readSubmission(fields: Readonly<Record<string, string>>, needsCode: boolean): Submission {
  // Browsers send every line end as two characters; people count it as one.
  const typed = {
    comment: (fields['comment'] ?? '').replaceAll(/\r\n?/g, '\n'),
    code: (fields['code'] ?? '').slice(0, LONGEST_CODE),
  };
  if (fields['step'] === 'send_code') return { asks: 'code', typed };
  const decision = decisionSchema.safeParse(fields['decision']);
  const revision = revisionSchema.safeParse(fields['revision'] ?? null);
  const code = typed.code.replaceAll(/[\s-]/g, '');
  const errors = {
    ...(decision.success && revision.success ? {} : { form: 'Nothing was decided. Press one of the buttons below.' }),
    ...commentErrors(typed.comment),
    ...(needsCode && !/^\d{6}$/.test(code)
      ? {
          code:
            code === ''
              ? 'Enter the code from the mail. Have one mailed first if you have none.'
              : 'A code has six digits. Check it against the newest mail.',
        }
      : {}),
  };
  if (!decision.success || !revision.success || Object.keys(errors).length > 0)
    return { asks: 'correction', typed, errors };
  return {
    asks: 'decision',
    typed,
    decision: decision.data,
    comment: typed.comment.trim() === '' ? null : typed.comment,
    code,
    revision: revision.data,
  };
}

function commentErrors(comment: string): FieldErrors {
  if (comment.length > MAX_COMMENT_LENGTH)
    return { comment: `A comment has at most ${MAX_COMMENT_LENGTH} characters; this one has ${comment.length}.` };
  return commentSchema.safeParse(comment).success
    ? {}
    : { comment: 'The comment holds characters that cannot be stored. Type it anew instead of pasting it.' };
}
