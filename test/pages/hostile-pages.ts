import { approvalPage } from '../../src/pages/approval-page.ts';
import { docsPage } from '../../src/pages/docs-page.ts';
import { html } from '../../src/pages/html.ts';
import type { Html } from '../../src/pages/html.ts';
import { inboxPage } from '../../src/pages/inbox-page.ts';
import { mailboxPage, mailPage } from '../../src/pages/mailbox-page.ts';
import { problemPage } from '../../src/pages/message-page.ts';
import { outcomePage } from '../../src/pages/outcome-page.ts';
import { signInPage } from '../../src/pages/sign-in-page.ts';
import type { ApprovalView, DecisionView } from '../../src/pages/view-models.ts';
import { DOCUMENT } from './sample-document.ts';
import { APPROVAL, DIRECTOR_STAGE, FORM, INBOX_ITEMS, MAIL, NOW, PENDING, TIMELINE } from './samples.ts';

/** Texts that somebody could send in to break a page, or to deceive whoever reads it. */
export const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  markup: `\n</title></textarea></pre><img id="injected" src=x onerror=alert(1)><script>alert(1)</script>"><b id='injected'>&lt;&amp;\``,
  attributes: `" autofocus onfocus="alert(1)" x='`,
  comment: '<!-- --!> <![CDATA[ ]]> <?xml ?>',
  'right-to-left': 'דרישה \u202E00.005 DSU\u202C \u2066 \u2069 شراء \u200F(200)',
  endless: 'W'.repeat(4000),
  controls: 'a\u0000b\u0008c\u001B[31m\uFFFE\uD800d\r\ne\u0085f\u007F',
};

function hostileDecision(text: string): DecisionView {
  return { ...APPROVAL, name: text, comment: text, channel: text, onBehalfOf: text };
}

function hostileApproval(text: string): ApprovalView {
  return {
    ...PENDING,
    title: text,
    description: text,
    kind: text,
    teamName: text,
    requester: { name: text, userId: text },
    amount: { value: '9'.repeat(26) + '.' + '9'.repeat(12), currency: 'USD' },
    context: { [text]: [text, { [text]: { [text]: [[text]] } }] },
    outcomeReason: text,
    stages: [
      {
        ...DIRECTOR_STAGE,
        name: text,
        approvers: [{ name: text, userId: text, reason: text }],
        decisions: [hostileDecision(text)],
      },
    ],
  };
}

/** Every page that shows what somebody else wrote, with that text in every place that takes one. */
export function hostilePages(text: string): Readonly<Record<string, Html>> {
  const approval = hostileApproval(text);
  const page = {
    organization: text,
    signedInAs: { name: text, csrfToken: text },
    nav: [{ href: '/inbox', label: text, current: true }],
  };
  const form = {
    ...FORM,
    csrfToken: text,
    decidingAs: { name: text, onBehalfOf: text },
    stepUp: { mailedTo: text, code: text },
    comment: text,
    errors: { form: text, comment: text, code: text },
  };
  const mail = { ...MAIL, from: text, to: [text], subject: text, text: `${text} https://example.com/${text}` };
  const [item] = INBOX_ITEMS;
  if (!item) throw new Error('the samples have no item');
  return {
    approval: approvalPage({
      ...page,
      approval,
      form,
      timeline: TIMELINE.map((entry) => ({ ...entry, type: text, name: text, channel: text, detail: text })),
      now: NOW,
    }),
    outcome: outcomePage({ ...page, reason: 'decided', approval, decision: hostileDecision(text), now: NOW }),
    inbox: inboxPage({
      ...page,
      items: [
        {
          ...item,
          id: text.toWellFormed(),
          title: text,
          teamName: text,
          requester: { name: text, userId: text },
          stageName: text,
          onBehalfOf: text,
          amount: approval.amount,
        },
      ],
      message: text,
      now: NOW,
    }),
    'sign-in': signInPage({ ...page, csrfToken: text, email: text, error: text }),
    problem: problemPage({
      ...page,
      type: text,
      title: text,
      status: 409,
      meaning: text,
      whatToDo: text,
      example: { [text]: text },
    }),
    mailbox: mailboxPage({ ...page, mails: [mail], now: NOW }),
    mail: mailPage({ ...page, mail, now: NOW }),
    docs: docsPage({
      ...page,
      document: { ...DOCUMENT, info: { title: text, version: text, description: text } },
      sections: [{ id: 'problems', title: text, body: html`<p>${text}</p>` }],
      baseUrl: 'https://example.com',
    }),
  };
}
