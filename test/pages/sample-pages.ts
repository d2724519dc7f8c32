import { approvalPage } from '../../src/pages/approval-page.ts';
import { dataTable } from '../../src/pages/components.ts';
import { docsPage } from '../../src/pages/docs-page.ts';
import { html } from '../../src/pages/html.ts';
import type { Html } from '../../src/pages/html.ts';
import { inboxPage } from '../../src/pages/inbox-page.ts';
import { mailboxPage, mailPage } from '../../src/pages/mailbox-page.ts';
import { messagePage, problemPage } from '../../src/pages/message-page.ts';
import { outcomePage } from '../../src/pages/outcome-page.ts';
import {
  closedSignInLinkPage,
  confirmSignInPage,
  lookIntoYourMailPage,
  signInPage,
} from '../../src/pages/sign-in-page.ts';
import type { SignedInView } from '../../src/pages/view-models.ts';
import { DOCUMENT } from './sample-document.ts';
import {
  APPROVAL,
  ERASED,
  FORM,
  INBOX_ITEMS,
  MAIL,
  NOW,
  PENDING,
  REJECTED,
  REJECTION,
  REVIEW,
  SIGNED_IN,
  STEP_UP_FORM,
  TIMELINE,
} from './samples.ts';

const signedInAs: SignedInView = { name: 'Ines Okafor', csrfToken: 'c5rf-sample' };
const ROLES = dataTable(
  'What each role may do',
  ['Role', 'Approvals', 'Budgets', 'Privacy', 'Audit'],
  ['owner', 'compliance_officer', 'auditor'].map((role) => [
    html`<code>${role}</code>`,
    'asks, decides',
    'changes',
    'runs requests',
    'reads',
  ]),
);
const SECTIONS = [
  { id: 'roles', title: 'Roles', body: html`<p>A role held in a team holds in its descendants.</p>${ROLES}` },
  { id: 'problems', title: 'Problem types', body: html`<p>Errors are <a href="/problems/not-found">problems</a>.</p>` },
];

/** Every page in every form that a visitor can meet, by a name that makes a file name. */
export const SAMPLE_PAGES: Readonly<Record<string, Html>> = {
  approval: approvalPage(REVIEW),
  'approval-step-up': approvalPage({ ...REVIEW, form: STEP_UP_FORM }),
  'approval-in-inbox': approvalPage({
    ...SIGNED_IN,
    approval: PENDING,
    form: { ...FORM, stepUp: { mailedTo: null } },
    timeline: TIMELINE,
    now: NOW,
  }),
  'approval-closed': approvalPage({ ...SIGNED_IN, approval: REJECTED, form: null, timeline: TIMELINE, now: NOW }),
  'approval-erased': approvalPage({ approval: ERASED, form: null, now: NOW }),
  'outcome-decided': outcomePage({
    reason: 'decided',
    approval: REJECTED,
    decision: REJECTION,
    now: NOW,
    organization: 'Halden Optics',
  }),
  'outcome-used': outcomePage({ reason: 'used', approval: PENDING, decision: APPROVAL, now: NOW }),
  'outcome-superseded': outcomePage({
    reason: 'superseded',
    approval: { ...PENDING, state: 'changes_requested' },
    decision: null,
    now: NOW,
  }),
  'outcome-expired': outcomePage({
    reason: 'expired',
    approval: { ...PENDING, state: 'expired', decidedAt: NOW },
    decision: null,
    now: NOW,
  }),
  inbox: inboxPage({ ...SIGNED_IN, signedInAs, items: INBOX_ITEMS, next: '/inbox?cursor=abc', now: NOW }),
  'inbox-empty': inboxPage({ ...SIGNED_IN, signedInAs, items: [], message: 'You are signed in.', now: NOW }),
  'sign-in': signInPage({ csrfToken: 'c5rf-sample' }),
  'sign-in-error': signInPage({
    email: 'ines.okafor(at)halden',
    error: 'This is not an e-mail address. It looks like name@example.com.',
  }),
  'sign-in-look': lookIntoYourMailPage({ validMinutes: 15 }),
  'sign-in-confirm': confirmSignInPage({ action: '/sign-in/sample-token' }),
  'sign-in-used': closedSignInLinkPage({ reason: 'used' }),
  'message-404': messagePage({ status: 404, requestId: 'req-7f3a' }),
  'message-503': messagePage({
    status: 503,
    requestId: 'req-7f3a',
    retryAfter: 30,
    link: { href: '/inbox', label: 'Back to the inbox' },
  }),
  problem: problemPage({
    type: '/problems/already-decided',
    title: 'Already decided',
    status: 409,
    meaning: 'This person has decided on this request before, and differently.',
    whatToDo: 'Read the request: it shows the decision that counts. A decision cannot be changed.',
    example: {
      type: '/problems/already-decided',
      title: 'Already decided',
      status: 409,
      detail: 'You approved this request on 23 November 2026.',
    },
  }),
  mailbox: mailboxPage({ mails: [MAIL, { ...MAIL, href: '/dev/mailbox/m-2', subject: '' }], now: NOW }),
  'mailbox-empty': mailboxPage({ mails: [], now: NOW }),
  mail: mailPage({ mail: MAIL, now: NOW }),
  docs: docsPage({ document: DOCUMENT, sections: SECTIONS, baseUrl: 'http://127.0.0.1:8080' }),
};
