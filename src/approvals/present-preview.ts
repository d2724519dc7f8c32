import type { Transaction } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { Prepared } from './creation.ts';
import { namedBy } from './named.ts';
import { defaultStageName, presentApprover } from './present.ts';
import { describeOutcome, describeProblem } from './rules.ts';
import type { NewApprovalBody } from './schemas.ts';

/** What a request would become, as the API shows it, and whom it tells about. */
export async function presentPreview(tx: Transaction, people: People, { plan }: Prepared, asked: NewApprovalBody) {
  const named = plan.stages.flatMap((stage) => namedBy(stage.asked));
  const profiles = await people.profiles(tx.em, tx.origin.organization, named);
  const body = {
    stages: plan.stages.map((stage) => ({
      index: stage.index,
      name: asked.chain?.stages[stage.index]?.name ?? defaultStageName(stage),
      state: stage.state,
      escalated: false,
      required: stage.required,
      opened_at: null,
      deadline_at: null,
      approvers: stage.asked.map(({ person, reason }) => presentApprover(profiles, person, reason)),
      decisions: [],
    })),
    problems: plan.problems.map((problem) => ({
      code: problem.code,
      stage: problem.stage,
      message: describeProblem(problem),
    })),
    outcome: plan.approvedAtOnce ? describeOutcome(plan.approvedAtOnce) : null,
  };
  return { body, subjects: [...new Set(named)] };
}
