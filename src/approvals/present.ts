import { formatAmount, parseAmount } from '../platform/money.ts';
import type { Profiles } from '../tenancy/service.ts';
import type { ApprovalRow, DecisionRow } from './entities.ts';
import { describeOutcome, type Reason, type StageState } from './rules.ts';
import type { ApprovalView } from './view.ts';

/** A request as the API shows it. */
export function presentApproval(view: ApprovalView) {
  const { row } = view.stored;
  return {
    id: row.id,
    state: row.state,
    revision: row.revision,
    team_id: view.team.alias,
    kind: row.kind,
    title: view.details?.title ?? null,
    description: view.details?.description ?? null,
    context: view.details?.context ?? null,
    requester_id: view.profiles.of(row.requester).alias,
    amount: presentAmount(row),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    decided_at: row.decidedAt?.toISOString() ?? null,
    outcome_reason: outcomeReason(view),
    stages: view.stages.map((stage) => presentStage(view, stage)),
  };
}

export function presentAmount({
  amount,
  currency,
}: Pick<ApprovalRow, 'amount' | 'currency'>): { value: string; currency: string } | null {
  return amount != null && currency != null ? { value: formatAmount(parseAmount(amount)), currency } : null;
}

/** Why it ended as it did, with the words of whoever rejected or withdrew it. */
export function outcomeReason(view: ApprovalView): string | null {
  const { outcome } = view.stored.row;
  if (!outcome) return null;
  const words = outcome.code === 'stages-approved' ? null : view.lastWords;
  return words ? `${describeOutcome(outcome)} ${words}` : describeOutcome(outcome);
}

export function presentStage(
  view: Pick<ApprovalView, 'stored' | 'details' | 'profiles' | 'commentOf'>,
  stage: StageState,
) {
  const decisions = view.stored.decisions.filter((decision) => decision.stage === stage.index);
  return {
    index: stage.index,
    name: view.details?.stageNames[stage.index] ?? defaultStageName(stage),
    state: stage.state,
    escalated: stage.escalated,
    required: stage.required,
    opened_at: stage.openedAt?.toISOString() ?? null,
    deadline_at: stage.deadlineAt?.toISOString() ?? null,
    approvers: stage.asked.map(({ person, reason }) => presentApprover(view.profiles, person, reason)),
    decisions: decisions.map((decision) => presentDecision(view, decision)),
  };
}

/** A stage that was given no name is called by the roles it asks. */
export function defaultStageName(stage: Pick<StageState, 'index' | 'rule'>): string {
  const roles = stage.rule.approvers.flatMap((approver) =>
    'role' in approver ? [approver.role.replaceAll('_', ' ')] : [],
  );
  return roles.length > 0 ? roles.join(', ') : `Stage ${stage.index + 1}`;
}

export function presentApprover(profiles: Profiles, person: string, reason: Reason) {
  const { alias, email } = profiles.of(person);
  return { user_id: alias, email, reason: describeReason(reason, profiles) };
}

function presentDecision(view: Pick<ApprovalView, 'profiles' | 'commentOf'>, decision: DecisionRow) {
  const { alias, email } = view.profiles.of(decision.person);
  return {
    user_id: alias,
    email,
    decision: decision.decision,
    comment: view.commentOf(decision),
    at: decision.at.toISOString(),
    channel: decision.channel,
    on_behalf_of: decision.onBehalfOf ? view.profiles.of(decision.onBehalfOf).alias : null,
  };
}

/** Why somebody is asked, in words. */
export function describeReason(reason: Reason, profiles: Profiles): string {
  const called = (person: string) =>
    profiles.of(person).alias ?? profiles.of(person).email ?? 'somebody who was erased';
  switch (reason.type) {
    case 'named':
      return 'named in the chain';
    case 'role':
      return `holds the role ${reason.role.replaceAll('_', ' ')}`;
    case 'manager':
      return 'the requester’s manager';
    case 'escalation':
      return `escalation: ${describeReason(reason.because, profiles)}`;
    case 'reassigned':
      return `reassigned from ${called(reason.from)}`;
    case 'delegate':
      return `delegate of ${called(reason.of)}, who is absent (${describeReason(reason.because, profiles)})`;
  }
}
