import { describe, expect, test } from '@jest/globals';
import { approvalPage } from '../../src/pages/approval-page.ts';
import { contextList } from '../../src/pages/context-list.ts';
import { renderPage } from '../../src/pages/html.ts';
import { nextSteps } from '../../src/pages/next-steps.ts';
import { stageList } from '../../src/pages/stage-list.ts';
import type { StageView } from '../../src/pages/view-models.ts';
import {
  DIRECTOR_STAGE,
  ERASED,
  FORM,
  MANAGER_STAGE,
  NOW,
  PENDING,
  REJECTED,
  REVIEW,
  STEP_UP_FORM,
  VP_STAGE,
} from './samples.ts';
import { textOf } from './text-of.ts';

const page = renderPage(approvalPage(REVIEW));

describe('the review page', () => {
  test('shows what is asked, for how much, by whom and for which team', () => {
    expect(textOf(page)).toContain('Fine-tuning runs for the defect classifier, December');
    expect(textOf(page)).toContain('12,000.00 USD');
    expect(textOf(page)).toContain('Noor Castellan noor asks for Research');
    expect(textOf(page)).toContain('Three training runs on the new inspection images.');
    expect(page).toContain('<time datetime="2026-12-04T08:05:00.000Z">4 Dec 2026, 08:05 UTC</time>');
  });

  test('says as whom, and on whose behalf, the visitor decides', () => {
    expect(textOf(page)).toContain('You are deciding as Ines Okafor.');
    expect(textOf(renderPage(approvalPage({ ...REVIEW, form: STEP_UP_FORM })))).toContain(
      'You are deciding as Ines Okafor on behalf of Marta Quill.',
    );
  });

  test('POSTs token and revision, and offers each decision on a button of its own and nowhere else', () => {
    expect(page).toMatch(/<form [^>]*method="post" action="\/r\/sample-token"/);
    expect(page).toContain('<input type="hidden" name="csrf" value="c5rf-sample"/>');
    expect(page).toContain('<input type="hidden" name="revision" value="2"/>');
    expect(
      [...page.matchAll(/<(\w+)[^>]* name="decision" value="(\w+)"/g)].map(([, element, value]) => [element, value]),
    ).toEqual([
      ['button', 'approve'],
      ['button', 'reject'],
      ['button', 'request_changes'],
    ]);
  });

  test('wants a code only where one is asked for, and then has it mailed without deciding', () => {
    expect(page).not.toContain('name="code"');
    const withCode = renderPage(approvalPage({ ...REVIEW, form: STEP_UP_FORM }));
    expect(withCode).toMatch(/<button [^>]*name="step" value="send_code" formnovalidate=""/);
    expect(textOf(withCode)).toContain('We mailed a code to i…r@halden-optics.example');
  });

  test('says that there is an error in the title, and beside the field', () => {
    const wrong = renderPage(
      approvalPage({
        ...REVIEW,
        form: {
          ...FORM,
          comment: 'typed before',
          errors: { comment: 'The comment is longer than 4,000 characters. Shorten it.' },
        },
      }),
    );
    expect(wrong).toContain('<title>Error: Fine-tuning runs');
    expect(wrong).toMatch(/<textarea [^>]*aria-describedby="comment-error comment-hint" aria-invalid="true"/);
    expect(wrong).toContain('\ntyped before</textarea>');
  });

  test('has no form that decides for those who may only read', () => {
    const closed = renderPage(approvalPage({ approval: REJECTED, form: null, now: NOW }));
    expect(closed).not.toContain('name="decision"');
    expect(textOf(closed)).toContain('This request was rejected.');
  });

  test('says "erased" where a person was erased, and nothing where nothing was written', () => {
    const erased = textOf(renderPage(approvalPage({ approval: ERASED, form: null, now: NOW })));
    expect(erased).toContain('Erased request · Countersign');
    expect(erased).toContain('erased asks for Research');
    expect(erased).toContain('Description erased');
    const bare = textOf(
      renderPage(approvalPage({ ...REVIEW, approval: { ...PENDING, description: null, context: null, amount: null } })),
    );
    expect(bare).not.toMatch(/Description|Details given|Amount/);
  });
});

describe('what happens next', () => {
  const afterApproval = (stages: readonly StageView[]): string =>
    textOf(renderPage(nextSteps({ ...PENDING, stages }).approve));

  test('is the next stage after the last missing approval', () => {
    expect(afterApproval([MANAGER_STAGE, DIRECTOR_STAGE, { ...VP_STAGE, state: 'skipped' }, VP_STAGE])).toBe(
      'Next is asked: Vice president.',
    );
  });
  test('is more of the same stage while approvals are missing', () => {
    expect(afterApproval([{ ...DIRECTOR_STAGE, required: 3 }, VP_STAGE])).toBe(
      'This stage then needs 1 more approval.',
    );
  });
  test('is the approval of the request at the end of the chain', () => {
    expect(afterApproval([MANAGER_STAGE, DIRECTOR_STAGE])).toBe('The request is then approved.');
  });
});

describe('the stages', () => {
  const shown = (stage: StageView): string => textOf(renderPage(stageList([stage], NOW)));

  test('show who was asked and why, the quorum, the deadline and the escalation', () => {
    expect(shown(DIRECTOR_STAGE)).toContain('1 of 2 approvals');
    expect(shown(DIRECTOR_STAGE)).toContain('answer until 23 Nov 2026, 12:30 UTC (in 3 hours)');
    expect(shown(DIRECTOR_STAGE)).toContain('escalated: not decided in time');
    expect(shown(DIRECTOR_STAGE)).toContain('Li Na Voss guest, asked by address');
  });
  test('have a line for every signature that is missing, and count beyond four', () => {
    expect(shown(DIRECTOR_STAGE).match(/not signed yet/g)).toHaveLength(1);
    expect(shown({ ...VP_STAGE, required: 9 }).match(/not signed yet/g)).toHaveLength(4);
    expect(shown({ ...VP_STAGE, required: 9 })).toContain('and 5 more signatures');
  });
  test('mark a deadline that has passed, and leave it out where nobody is awaited', () => {
    expect(shown({ ...DIRECTOR_STAGE, deadlineAt: new Date('2026-11-23T09:12:00Z') })).toContain('overdue');
    expect(shown({ ...MANAGER_STAGE, deadlineAt: new Date('2026-11-23T09:12:00Z') })).not.toContain('overdue');
  });
  test('are named by their place where they have no name', () => {
    expect(shown({ ...VP_STAGE, name: null })).toContain('Stage 3');
  });
});

describe('details given with a request', () => {
  const shown = (value: unknown): string => textOf(renderPage(contextList(value)));

  test('read as terms and values, whatever JSON they are', () => {
    expect(
      shown({
        cost_center: 'R-1',
        urgent: true,
        seats: 3,
        note: null,
        tags: ['a', 'b'],
        nested: { deep: 'yes' },
        blank: '',
        empty: [],
      }),
    ).toBe('Cost center R-1 Urgent yes Seats 3 Note none Tags a b Nested Deep yes Blank empty Empty empty');
    expect(shown('just a text')).toBe('just a text');
  });
  test('are cut where they would fill the page, and say so', () => {
    expect(shown(Array.from({ length: 1000 }, (_, index) => index))).toContain('800 more values not shown here');
    expect(shown({ a: { b: { c: { d: { e: 1 } } } } })).toContain('1 more value not shown here');
    expect(shown('x'.repeat(2001))).toContain('1 more character not shown here');
    expect(
      renderPage(
        contextList(
          Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, Array.from({ length: 30 }, () => 'v')])),
        ),
      ).match(/<li>/g)?.length,
    ).toBeLessThanOrEqual(200);
  });
});
