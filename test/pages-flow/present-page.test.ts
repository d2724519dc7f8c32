import { describe, expect, test } from '@jest/globals';
import type { DecisionRow } from '../../src/approvals/entities.ts';
import { decisionView, presentForPage } from '../../src/approvals/pages/present-page.ts';
import type { Approval, StageState } from '../../src/approvals/rules.ts';
import type { ApprovalView } from '../../src/approvals/view.ts';
import { Profiles } from '../../src/tenancy/people.ts';

const AT = new Date('2026-11-23T09:00:00Z');
const EVERYBODY = new Profiles(
  new Map([
    ['req', { alias: 'noor', name: 'Noor Castellan', email: 'noor@example.test' }],
    ['boss', { alias: 'ines', name: 'Ines Okafor', email: 'ines@example.test' }],
    ['guest', { alias: null, name: null, email: 'li@elsewhere.test' }],
  ]),
);
const NOBODY = new Profiles(new Map());

const decision: DecisionRow = {
  id: 'd',
  organization: 'o',
  approval: 'a',
  revision: 1,
  stage: 0,
  person: 'boss',
  onBehalfOf: 'guest',
  decision: 'approve',
  comment: Buffer.from('sealed'),
  channel: 'link',
  counts: true,
  at: AT,
};

const stage: StageState = {
  index: 0,
  state: 'open',
  escalated: false,
  required: 2,
  openedAt: AT,
  deadlineAt: null,
  decisions: [],
  rule: {
    approvers: [{ role: 'vp' }],
    required: 2,
    timeout: null,
    calendar: null,
    onTimeout: 'reject',
    escalateTo: [],
    reminders: [],
    amountAtLeast: null,
  },
  asked: [
    { person: 'boss', onBehalfOf: null, reason: { type: 'role', role: 'vp', team: null } },
    { person: 'guest', onBehalfOf: null, reason: { type: 'named' } },
  ],
};

function viewOf(more: Pick<ApprovalView, 'details' | 'profiles' | 'commentOf'>): ApprovalView {
  const row = {
    id: 'a',
    organization: 'o',
    team: 't',
    kind: 'spend' as const,
    requester: 'req',
    creator: 'req',
    creatorKey: null,
    state: 'pending' as const,
    revision: 3,
    version: 7,
    amount: '1500.500000000000',
    currency: 'USD',
    chain: { stages: [stage.rule], origin: 'chain' as const },
    details: Buffer.from('sealed'),
    createdAt: AT,
    updatedAt: AT,
    decidedAt: null,
    expiresAt: null,
    outcome: null,
    outcomeIntent: null,
    beneficiary: null,
    onClosed: null,
  };
  const approval: Approval = {
    state: 'pending',
    revision: 3,
    parties: { requester: 'req', creator: 'req' },
    amount: row.amount,
    createdAt: AT,
    expiresAt: null,
    stages: [stage],
  };
  return {
    stored: { row, stages: [], asks: [], decisions: [decision], approval },
    stages: [stage],
    team: { alias: 't-1', name: 'Research' },
    lastWords: null,
    ...more,
  };
}

describe('a request on a page', () => {
  test('is called and signed by names; a guest by the address', () => {
    const details = { title: 'Racks', description: null, context: { racks: 2 }, stageNames: [null] };
    expect(presentForPage(viewOf({ details, profiles: EVERYBODY, commentOf: () => 'fine' }))).toMatchObject({
      title: 'Racks',
      description: null,
      context: { racks: 2 },
      teamName: 'Research',
      requester: { name: 'Noor Castellan', userId: 'noor' },
      amount: { value: '1500.50', currency: 'USD' },
      revision: 3,
      stages: [
        {
          name: 'vp',
          required: 2,
          approvers: [
            { name: 'Ines Okafor', userId: 'ines', reason: 'holds the role vp' },
            { name: 'li@elsewhere.test', userId: null, reason: 'named in the chain' },
          ],
          decisions: [
            {
              name: 'Ines Okafor',
              decision: 'approve',
              comment: 'fine',
              channel: 'mail link',
              onBehalfOf: 'li@elsewhere.test',
            },
          ],
        },
      ],
    });
  });

  test('of people who were erased says so in every place, and keeps what is nobody’s', () => {
    expect(presentForPage(viewOf({ details: null, profiles: NOBODY, commentOf: () => null }))).toMatchObject({
      title: null,
      description: { erased: true },
      context: null,
      requester: { name: null, userId: null },
      amount: { value: '1500.50' },
      stages: [
        {
          name: 'vp',
          approvers: [{ name: null }, { name: null }],
          decisions: [{ name: null, comment: { erased: true }, decision: 'approve' }],
        },
      ],
    });
  });

  test('a decision without a comment has none, which is not the same as an erased one', () => {
    expect(decisionView({ ...decision, comment: null }, EVERYBODY, null).comment).toBeNull();
    expect(decisionView(decision, EVERYBODY, null).comment).toEqual({ erased: true });
  });
});
