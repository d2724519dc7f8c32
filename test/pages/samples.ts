import type { ApprovalPageView } from '../../src/pages/approval-page.ts';
import type { DecisionFormView } from '../../src/pages/decision-form.ts';
import type { InboxItemView } from '../../src/pages/inbox-page.ts';
import type { MailView } from '../../src/pages/mailbox-page.ts';
import type {
  ApprovalView,
  DecisionView,
  PageContext,
  StageView,
  TimelineEntryView,
} from '../../src/pages/view-models.ts';

/** The moment at which the sample pages are looked at. All people and companies are invented. */
export const NOW = new Date('2026-11-23T09:12:00Z');

const at = (iso: string): Date => new Date(iso);

export const SIGNED_IN: PageContext = {
  organization: 'Halden Optics',
  signedInAs: { name: 'Ines Okafor', csrfToken: 'c5rf-sample' },
  nav: [{ href: '/inbox', label: 'Inbox', current: true }],
};

export const APPROVAL: DecisionView = {
  name: 'Sven Aldous',
  decision: 'approve',
  comment: 'Within the plan for the quarter. Please start the trial in the second week, after the migration.',
  at: at('2026-11-20T14:31:00Z'),
  channel: 'mail link',
  onBehalfOf: 'Marta Quill',
};

export const MANAGER_STAGE: StageView = {
  index: 0,
  name: 'Team lead',
  state: 'approved',
  escalated: false,
  required: 1,
  openedAt: at('2026-11-20T08:05:00Z'),
  deadlineAt: at('2026-11-24T17:00:00Z'),
  approvers: [
    { name: 'Sven Aldous', userId: 'sven.aldous', reason: 'delegate of Marta Quill, who is absent until 1 Dec' },
  ],
  decisions: [APPROVAL],
};

export const DIRECTOR_STAGE: StageView = {
  index: 1,
  name: 'Directors',
  state: 'open',
  escalated: true,
  required: 2,
  openedAt: at('2026-11-20T14:31:00Z'),
  deadlineAt: at('2026-11-23T12:30:00Z'),
  approvers: [
    { name: 'Ines Okafor', userId: 'ines', reason: 'director of Research' },
    { name: 'Tomasz Brandt', userId: 'tbrandt', reason: 'director of Research' },
    { name: 'Li Na Voss', userId: null, reason: 'guest, asked by address' },
  ],
  decisions: [
    {
      name: 'Tomasz Brandt',
      decision: 'approve',
      comment: null,
      at: at('2026-11-21T10:02:00Z'),
      channel: 'inbox',
      onBehalfOf: null,
    },
  ],
};

export const VP_STAGE: StageView = {
  index: 2,
  name: 'Vice president',
  state: 'waiting',
  escalated: false,
  required: 1,
  openedAt: null,
  deadlineAt: null,
  approvers: [{ name: 'Ada Renner', userId: 'ada.renner', reason: 'vp of Halden Optics, inherited' }],
  decisions: [],
};

export const PENDING: ApprovalView = {
  id: '0190c6f2-5a0e-7c11-9d3e-2f6f1b0a9c11',
  title: 'Fine-tuning runs for the defect classifier, December',
  description:
    'Three training runs on the new inspection images. The last run cut false alarms by a third; these extend it to the coated lenses.\n\nWithout them line 4 keeps its manual second check until March.',
  kind: 'spend',
  state: 'pending',
  revision: 2,
  teamName: 'Research',
  requester: { name: 'Noor Castellan', userId: 'noor' },
  amount: { value: '12000.00', currency: 'USD' },
  context: {
    provider: 'Example AI',
    model: 'vision-large',
    cost_center: 'R-4410',
    runs: [
      { name: 'baseline', max_hours: 40 },
      { name: 'coated lenses', max_hours: 90 },
    ],
    personal_data: false,
    alternatives:
      'Renting the machines ourselves was looked at: cheaper by the hour, but nobody is free to run them before January.',
  },
  createdAt: at('2026-11-20T08:05:00Z'),
  decidedAt: null,
  expiresAt: at('2026-12-04T08:05:00Z'),
  outcomeReason: null,
  stages: [MANAGER_STAGE, DIRECTOR_STAGE, VP_STAGE],
};

export const REJECTION: DecisionView = {
  name: 'Ines Okafor',
  decision: 'reject',
  comment: 'Two of the three runs repeat what line 2 has measured. Please come back with the coated lenses alone.',
  at: at('2026-11-23T09:11:00Z'),
  channel: 'mail link',
  onBehalfOf: null,
};

export const REJECTED: ApprovalView = {
  ...PENDING,
  state: 'rejected',
  decidedAt: REJECTION.at,
  outcomeReason: 'Rejected by Ines Okafor in stage 2.',
  stages: [
    MANAGER_STAGE,
    { ...DIRECTOR_STAGE, state: 'rejected', decisions: [...DIRECTOR_STAGE.decisions, REJECTION] },
    { ...VP_STAGE, state: 'skipped' },
  ],
};

/** What a request looks like after its people were erased. */
export const ERASED: ApprovalView = {
  ...PENDING,
  title: null,
  description: { erased: true },
  state: 'approved',
  requester: { name: null, userId: null },
  context: null,
  decidedAt: at('2026-11-22T16:00:00Z'),
  outcomeReason: { erased: true },
  stages: [
    {
      ...MANAGER_STAGE,
      approvers: [{ name: null, userId: null, reason: null }],
      decisions: [{ ...APPROVAL, name: null, comment: { erased: true } }],
    },
  ],
};

export const TIMELINE: readonly TimelineEntryView[] = [
  {
    at: at('2026-11-20T08:05:00Z'),
    type: 'created',
    stage: null,
    name: 'Noor Castellan',
    channel: 'api',
    detail: null,
  },
  { at: at('2026-11-20T08:05:01Z'), type: 'mailed', stage: 0, name: 'Sven Aldous', channel: 'mail', detail: null },
  {
    at: at('2026-11-20T14:31:00Z'),
    type: 'decided',
    stage: 0,
    name: 'Sven Aldous',
    channel: 'mail link',
    detail: 'Approved on behalf of Marta Quill.',
  },
  {
    at: at('2026-11-22T14:31:00Z'),
    type: 'escalated',
    stage: 1,
    name: null,
    channel: null,
    detail: 'Not decided in time. Li Na Voss is asked as well.',
  },
];

export const FORM: DecisionFormView = {
  action: '/r/sample-token',
  csrfToken: 'c5rf-sample',
  decidingAs: { name: 'Ines Okafor', onBehalfOf: null },
  stepUp: null,
};

export const STEP_UP_FORM: DecisionFormView = {
  ...FORM,
  decidingAs: { name: 'Ines Okafor', onBehalfOf: 'Marta Quill' },
  stepUp: { mailedTo: 'i…r@halden-optics.example', code: '482 91' },
  comment: 'Approved for the coated lenses.\nPlease report after the first run.',
  errors: { code: 'This is not the code we mailed. Check it, or have a new one mailed.' },
};

export const REVIEW: ApprovalPageView = { organization: 'Halden Optics', approval: PENDING, form: FORM, now: NOW };

export const INBOX_ITEMS: readonly InboxItemView[] = [
  {
    id: 'a-2',
    title: 'Annual licence for the transcription service',
    amount: { value: '2500.00', currency: 'EUR' },
    teamName: 'Customer care',
    requester: { name: 'Pia Lindqvist', userId: 'pia' },
    stageName: null,
    stageNumber: 1,
    stageCount: 1,
    deadlineAt: null,
    onBehalfOf: null,
  },
  {
    id: 'a-1',
    title: PENDING.title,
    amount: PENDING.amount,
    teamName: 'Research',
    requester: PENDING.requester,
    stageName: 'Directors',
    stageNumber: 2,
    stageCount: 3,
    deadlineAt: at('2026-11-23T12:30:00Z'),
    onBehalfOf: null,
  },
  {
    id: 'a-0',
    title: 'Let the assistant read the shared calendar',
    amount: null,
    teamName: 'Office',
    requester: { name: 'Jonah Whitlock', userId: 'jonah' },
    stageName: 'Owner',
    stageNumber: 1,
    stageCount: 2,
    deadlineAt: at('2026-11-22T16:00:00Z'),
    onBehalfOf: 'Marta Quill',
  },
];

export const MAIL: MailView = {
  href: '/dev/mailbox/m-1',
  from: 'Countersign <countersign@localhost>',
  to: ['ines.okafor@halden-optics.example'],
  subject: 'Your decision is asked: Fine-tuning runs for the defect classifier, December',
  at: at('2026-11-20T14:31:02Z'),
  text: 'Noor Castellan asks for your approval.\n\n12,000.00 USD for Research\n\nRead the request and decide (http://127.0.0.1:8080/r/sample-token).\n',
  htmlHref: '/dev/mailbox/m-1/html',
};
