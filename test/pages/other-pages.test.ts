import { describe, expect, test } from '@jest/globals';
import { renderPage } from '../../src/pages/html.ts';
import { inboxPage } from '../../src/pages/inbox-page.ts';
import { mailPage } from '../../src/pages/mailbox-page.ts';
import { messagePage } from '../../src/pages/message-page.ts';
import type { MessageStatus } from '../../src/pages/message-page.ts';
import { outcomePage } from '../../src/pages/outcome-page.ts';
import type { OutcomeReason } from '../../src/pages/outcome-page.ts';
import { lookIntoYourMailPage, signInPage } from '../../src/pages/sign-in-page.ts';
import type { ApprovalState } from '../../src/pages/view-models.ts';
import { SAMPLE_PAGES } from './sample-pages.ts';
import { APPROVAL, INBOX_ITEMS, MAIL, NOW, PENDING, REJECTED, REJECTION } from './samples.ts';
import { textOf } from './text-of.ts';

const REASONS: readonly OutcomeReason[] = ['decided', 'late', 'used', 'superseded', 'expired', 'closed'];

describe('the outcome page', () => {
  test.each(REASONS)('never has a form that decides: %s', (reason) => {
    const page = renderPage(outcomePage({ reason, approval: PENDING, decision: null, now: NOW }));
    expect(page).not.toMatch(/<form|name="decision"/);
  });

  test('says what was decided through the link, by whom, for whom, when and why, and how the request stands', () => {
    const text = textOf(renderPage(outcomePage({ reason: 'used', approval: PENDING, decision: APPROVAL, now: NOW })));
    expect(text).toContain('This link has been used');
    expect(text).toContain(
      'Sven Aldous, on behalf of Marta Quill, approved this request on 20 Nov 2026, 14:31 UTC (2 days ago).',
    );
    expect(text).toContain('Please start the trial in the second week');
    expect(text).toContain('This request is waiting for others.');
  });

  test('shows the final outcome also to whoever had decided otherwise', () => {
    const text = textOf(renderPage(outcomePage({ reason: 'used', approval: REJECTED, decision: APPROVAL, now: NOW })));
    expect(text).toContain('This request was rejected on 23 Nov 2026, 09:11 UTC');
    expect(text).toContain(REJECTED.outcomeReason);
  });

  test.each<[ApprovalState, string]>([
    ['pending', 'is waiting for others'],
    ['approved', 'was approved'],
    ['rejected', 'was rejected'],
    ['withdrawn', 'was withdrawn'],
    ['expired', 'has expired'],
    ['changes_requested', 'was asked for changes'],
  ])('says in words that a request is %s', (state, words) => {
    expect(
      textOf(renderPage(outcomePage({ reason: 'expired', approval: { ...PENDING, state }, decision: null, now: NOW }))),
    ).toContain(words);
  });

  test('shows a rejection with its comment', () => {
    expect(
      textOf(renderPage(outcomePage({ reason: 'decided', approval: REJECTED, decision: REJECTION, now: NOW }))),
    ).toMatch(/Ines Okafor rejected this request .* Two of the three runs repeat/);
  });
});

describe('the inbox', () => {
  const signedInAs = { name: 'Ines Okafor', csrfToken: 'token' };
  const inbox = (items: typeof INBOX_ITEMS): string => renderPage(inboxPage({ signedInAs, items, now: NOW }));

  test('lists the soonest deadline first and requests without one last', () => {
    expect([...inbox(INBOX_ITEMS).matchAll(/\/inbox\/approvals\/(\S+?)"/g)].map(([, id]) => id)).toEqual([
      'a-0',
      'a-1',
      'a-2',
    ]);
  });
  test('marks what is overdue, and only that', () => {
    expect(inbox(INBOX_ITEMS).match(/class="overdue"/g)).toHaveLength(1);
    expect(textOf(inbox(INBOX_ITEMS))).toContain('3 requests, the soonest deadline first; 1 overdue.');
  });
  test('says what an empty list means', () => {
    expect(textOf(inbox([]))).toContain('When a request needs your decision, a mail with a link is sent to you');
  });
  test('can be left with a POST', () => {
    expect(inbox([])).toMatch(
      /<form [^>]*method="post" action="\/sign-out">\s*<input type="hidden" name="csrf" value="token"\/>/,
    );
  });
  test('cannot be led elsewhere by an id', () => {
    const [item] = INBOX_ITEMS;
    expect(item && inbox([{ ...item, id: '../../sign-out?x' }])).toContain('/inbox/approvals/..%2F..%2Fsign-out%3Fx');
  });
});

describe('signing in', () => {
  test('is told in words that fit whether or not the address is known', () => {
    expect(textOf(renderPage(lookIntoYourMailPage({ validMinutes: 15 })))).toContain(
      'If the address belongs to someone here, a link is on its way to it.',
    );
  });
  test('keeps an address that was wrong', () => {
    expect(renderPage(signInPage({ email: 'a"b', error: 'Not an address.' }))).toContain('value="a&quot;b"');
  });
});

describe('a message page', () => {
  test.each<MessageStatus>([403, 404, 410, 429, 500, 503])('%d says what happened and what to do next', (status) => {
    const text = textOf(renderPage(messagePage({ status, requestId: 'req-1' })));
    expect(text).toContain(`Error ${status}`);
    expect(text).toContain('give this number: req-1');
  });
  test('says when to try again, where that is known', () => {
    expect(textOf(renderPage(messagePage({ status: 503, retryAfter: 30 })))).toContain('Wait 30 s first.');
    expect(textOf(renderPage(messagePage({ status: 503, retryAfter: 0 })))).not.toContain('first.');
  });
});

describe('a caught mail', () => {
  const links = (text: string): readonly (string | undefined)[] =>
    [
      ...renderPage(mailPage({ mail: { ...MAIL, text, htmlHref: null }, now: NOW })).matchAll(
        /href="([^"]*)" rel="noreferrer"/g,
      ),
    ].map(([, href]) => href);

  test('has links that can be followed, without the punctuation around them', () => {
    expect(links('See http://127.0.0.1:8080/r/abc. Or (https://example.com/a?b=c&d), <https://example.com/>.')).toEqual(
      ['http://127.0.0.1:8080/r/abc', 'https://example.com/a?b=c&amp;d', 'https://example.com/'],
    );
  });
  test('links to web addresses only', () => {
    expect(links('javascript:alert(1) file:///etc/passwd data:text/html,x http://')).toEqual([]);
  });
  test('shows its HTML part in a frame without any permission', () => {
    expect(renderPage(mailPage({ mail: MAIL, now: NOW }))).toContain('sandbox="" src="/dev/mailbox/m-1/html"');
  });
});

test.each(Object.entries(SAMPLE_PAGES))(
  '%s asks search engines to stay away and has a title of its own',
  (_name, page) => {
    expect(renderPage(page)).toContain('<meta name="robots" content="noindex"/>');
    expect(renderPage(page)).toMatch(/<title>\S.* · Countersign<\/title>/);
  },
);
