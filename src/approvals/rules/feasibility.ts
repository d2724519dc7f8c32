import type { Calendar } from '../../tenancy/rules/business-time.ts';
import { placeSeats } from './delegation.ts';
import { findCompetitions } from './matching.ts';
import type { Chain, OrganizationFacts, Parties, StageState } from './model.ts';
import type { BelowLowestThreshold } from './outcome.ts';
import type { Problem } from './problems.ts';
import { escalationSeats, resolveStage, type StageResolution } from './resolve.ts';
import { approvedAtOnce, isLeftOut, waitingStages } from './stages.ts';
import { timingProblems } from './timing.ts';

/** What would become of a chain now: each stage as it would look, what can never be met, and whether nobody has to agree. */
export interface Preview {
  readonly stages: readonly StageState[];
  readonly problems: readonly Problem[];
  readonly approvedAtOnce: BelowLowestThreshold | null;
}

/** What can never be met in a chain, as `preview` finds it. */
export function chainProblems(
  chain: Chain,
  facts: OrganizationFacts,
  parties: Parties,
  amount: string | null,
  at: Date,
  calendars: ReadonlyMap<string, Calendar>,
): readonly Problem[] {
  return preview(chain, facts, parties, amount, at, calendars).problems;
}

/**
 * Resolves every stage of a chain as if it opened at `at`, and checks that all of them together can be met. Stages that
 * the amount leaves out are shown as skipped and checked for nothing.
 * @throws InvalidDurationError, InvalidAmountError where the chain was not checked at the edge
 */
export function preview(
  chain: Chain,
  facts: OrganizationFacts,
  parties: Parties,
  amount: string | null,
  at: Date,
  calendars: ReadonlyMap<string, Calendar>,
): Preview {
  const previews = waitingStages(chain.stages).map((stage) => {
    return isLeftOut(stage.rule, amount)
      ? skipped(stage)
      : resolved(stage, resolveStage(stage, facts, parties, new Set(), at));
  });
  const problemsOf = ({ stage, resolution }: StagePreview): readonly Problem[] =>
    resolution === null
      ? []
      : [
          ...amountProblems(stage, amount),
          ...resolution.problems,
          ...escalationProblems(stage, facts, parties, at),
          ...timingProblems(stage, at, calendars),
        ];
  return {
    stages: previews.map(({ stage }) => stage),
    problems: [...emptyProblems(chain), ...previews.flatMap(problemsOf), ...competitionProblems(previews)],
    approvedAtOnce: approvedAtOnce(chain.stages, amount),
  };
}

interface StagePreview {
  readonly stage: StageState;
  readonly resolution: StageResolution | null;
}

function skipped(stage: StageState): StagePreview {
  return { stage: { ...stage, state: 'skipped' }, resolution: null };
}

function resolved(stage: StageState, resolution: StageResolution): StagePreview {
  return { stage: { ...stage, asked: resolution.candidates, required: resolution.required }, resolution };
}

function emptyProblems({ stages }: Chain): readonly Problem[] {
  return stages.length === 0 ? [{ code: 'no-stages', stage: null }] : [];
}

function amountProblems({ index, rule }: StageState, amount: string | null): readonly Problem[] {
  return rule.amountAtLeast !== null && amount === null ? [{ code: 'amount-needed', stage: index }] : [];
}

function escalationProblems(
  stage: StageState,
  facts: OrganizationFacts,
  parties: Parties,
  at: Date,
): readonly Problem[] {
  if (stage.rule.onTimeout !== 'escalate') return [];
  if (stage.rule.escalateTo.length === 0) return [{ code: 'escalation-missing', stage: stage.index }];
  const { candidates } = placeSeats(escalationSeats(stage, facts, parties), facts, parties, at);
  return candidates.length === 0 ? [{ code: 'escalation-unreachable', stage: stage.index }] : [];
}

/** Stages that cannot be met by themselves are told already, and would make their neighbours look guilty. */
function competitionProblems(previews: readonly StagePreview[]): readonly Problem[] {
  const demands = previews
    .filter(({ resolution }) => resolution !== null && resolution.problems.length === 0)
    .map(({ stage }) => ({
      stage: stage.index,
      required: stage.required,
      people: stage.asked.map((candidate) => candidate.person),
    }));
  return findCompetitions(demands).map((competition) => ({
    code: 'stages-compete',
    stage: competition.stages[0] ?? 0,
    ...competition,
  }));
}
