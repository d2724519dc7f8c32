/** The one door to the rules of approvals, for services, activities and workflows alike. Everything behind it is pure. */
export { checkDecision, type ControlSnapshot, type DecisionAttempt, type DecisionRefusal } from './rules/check.ts';
export type { Changes, Command, Context, Refusal } from './rules/commands.ts';
export { reminderTimes, stageDeadline, UnknownCalendarError } from './rules/deadlines.ts';
export { describeProblem } from './rules/describe-problem.ts';
export { decide, handle, type Handled } from './rules/engine.ts';
export type { ApprovalEvent } from './rules/events.ts';
export { evolve } from './rules/evolve.ts';
export { chainProblems, preview, type Preview } from './rules/feasibility.ts';
export { EmptyChainError } from './rules/handlers/open.ts';
export {
  chainFromHierarchy,
  type Hierarchy,
  type HierarchyEntry,
  type HierarchyResult,
  validateHierarchy,
} from './rules/hierarchy.ts';
export type * from './rules/model.ts';
export { describeOutcome, type OutcomeReason } from './rules/outcome.ts';
export type { LeftOut, Problem } from './rules/problems.ts';
export { controlSnapshot, countedPeople, isApprovedByPeople, isClosed, openStageOf } from './rules/reading.ts';
export { resolveStage, type StageResolution } from './rules/resolve.ts';
export { chainsForService } from './rules/service-chains.ts';
export { newApproval, type NewApproval, waitingStages } from './rules/stages.ts';
export { timelineEntry, type TimelineEntry, type TimelineType } from './rules/timeline.ts';
export { stagesToShow } from './rules/waiting.ts';
