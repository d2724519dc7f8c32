import type { ApprovalEvent } from './events.ts';
import type { Approval, Decision, StageState } from './model.ts';
import { hasDecided } from './reading.ts';
import { waitingStages } from './stages.ts';

/** The request after an event. Total and without judgement: whether it may happen was decided before. */
export function evolve(approval: Approval, event: ApprovalEvent): Approval {
  switch (event.type) {
    case 'stage_opened': {
      const { candidates, required, deadlineAt, at: openedAt } = event;
      return withStage(approval, event.stage, (stage) => {
        return { ...stage, state: 'open', required, openedAt, deadlineAt, asked: [...decidedIn(stage), ...candidates] };
      });
    }
    case 'stage_skipped':
    case 'stage_approved':
    case 'stage_rejected':
    case 'stage_expired':
      return withStage(approval, event.stage, (stage) => ({ ...stage, state: CLOSING[event.type] }));
    case 'decided': {
      const { person, decision, at, channel, onBehalfOf } = event;
      return withStage(approval, event.stage, (stage) => ({
        ...stage,
        decisions: [...stage.decisions, { person, decision, at, channel, onBehalfOf }],
      }));
    }
    case 'asked':
      return withStage(approval, event.stage, (stage) => ({ ...stage, asked: [...stage.asked, ...event.candidates] }));
    case 'unasked':
      return withStage(approval, event.stage, (stage) => ({
        ...stage,
        asked: stage.asked.filter(({ person }) => !event.people.includes(person)),
      }));
    case 'quorum_raised':
      return withStage(approval, event.stage, (stage) => ({ ...stage, required: event.required }));
    case 'escalated': {
      const { candidates, deadlineAt } = event;
      return withStage(approval, event.stage, (stage) => ({
        ...stage,
        escalated: true,
        deadlineAt,
        asked: [...stage.asked, ...candidates],
      }));
    }
    case 'reassigned':
      return withStage(approval, event.stage, (stage) => {
        const staying = stage.asked.filter(({ person }) => person !== event.from || hasDecided(stage, person));
        return { ...stage, asked: [...staying, event.to] };
      });
    case 'changes_requested':
      return withStage({ ...approval, state: 'changes_requested' }, event.stage, (stage) => ({
        ...stage,
        deadlineAt: null,
      }));
    case 'resubmitted':
      return event.material
        ? startAgain(approval, event)
        : { ...approval, state: 'pending', stages: approval.stages.map(withoutRequestedChanges) };
    case 'approved':
    case 'rejected':
    case 'withdrawn':
    case 'expired':
      return { ...approval, state: event.type };
    case 'late_decision':
    case 'reminded':
    case 'stuck':
      return approval;
  }
}

const CLOSING = {
  stage_skipped: 'skipped',
  stage_approved: 'approved',
  stage_rejected: 'rejected',
  stage_expired: 'expired',
} as const;

function withStage(approval: Approval, index: number, change: (stage: StageState) => StageState): Approval {
  return { ...approval, stages: approval.stages.map((stage) => (stage.index === index ? change(stage) : stage)) };
}

function startAgain(
  approval: Approval,
  { revision, amount, chain }: ApprovalEvent & { type: 'resubmitted' },
): Approval {
  const rules = chain?.stages ?? approval.stages.map((stage) => stage.rule);
  return { ...approval, state: 'pending', revision, amount, stages: waitingStages(rules) };
}

/** Asking for changes was answered by making them: it counts no longer, and the same person is asked again. */
function withoutRequestedChanges(stage: StageState): StageState {
  return { ...stage, decisions: stage.decisions.filter(({ decision }: Decision) => decision !== 'request_changes') };
}

function decidedIn(stage: StageState): StageState['asked'] {
  return stage.asked.filter(({ person }) => hasDecided(stage, person));
}
