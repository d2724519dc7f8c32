import { type FieldError, InvalidRequest } from '../platform/errors.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { People } from '../tenancy/service.ts';
import type { ApproverRule, Chain, Problem, StageRule } from './rules.ts';
import { describeProblem } from './rules.ts';
import type { ChainBody } from './schemas.ts';

type ApproverBody = ChainBody['stages'][number]['approvers'][number];

/**
 * Turns a chain as it was sent into one of internal ids. Addresses that belong to nobody become guests.
 * @param defaultCalendar the organization's, for stages that name none
 * @throws InvalidRequest with the path of everybody who does not exist
 */
export async function chainFromBody(
  tx: Transaction,
  people: People,
  body: ChainBody,
  defaultCalendar: string | null,
): Promise<Chain> {
  const everybody = body.stages.flatMap((stage) => [...stage.approvers, ...(stage.escalate_to ?? [])]);
  const users = await people.idsOf(
    tx.em,
    tx.origin.organization,
    everybody.flatMap((approver) => ('user_id' in approver ? [approver.user_id] : [])),
  );
  refuseUnknown(body, users);
  const guests = await guestsOf(tx, people, everybody);
  const ruleOf = (approver: ApproverBody): ApproverRule => {
    if ('role' in approver) return { role: approver.role };
    return { person: ('user_id' in approver ? users.get(approver.user_id) : guests.get(approver.email)) ?? '' };
  };
  const stages = body.stages.map((stage): StageRule => ({
    approvers: stage.approvers.map(ruleOf),
    required: stage.required,
    timeout: stage.timeout ?? null,
    calendar: stage.calendar ?? (stage.timeout || stage.reminders ? defaultCalendar : null),
    onTimeout: stage.on_timeout ?? 'reject',
    escalateTo: (stage.escalate_to ?? []).map(ruleOf),
    reminders: stage.reminders ?? [],
    amountAtLeast: stage.when?.amount_at_least ?? null,
  }));
  return { stages, origin: 'chain' };
}

/** What can never be met, as errors of the request: each with the path of the stage it is about. */
export function problemErrors(problems: readonly Problem[], ownChain: boolean): FieldError[] {
  return problems.map((problem) => ({
    path: ownChain
      ? pathOf(problem)
      : problem.code === 'amount-needed' || problem.code === 'above-all-authority'
        ? 'amount'
        : 'chain',
    message: describeProblem(problem),
  }));
}

function pathOf(problem: Problem): string {
  if (problem.stage === null) return 'chain.stages';
  const stage = `chain.stages.${problem.stage}`;
  switch (problem.code) {
    case 'not-enough-approvers':
      return problem.available === 0 ? `${stage}.approvers` : `${stage}.required`;
    case 'amount-needed':
      return `${stage}.when.amount_at_least`;
    case 'escalation-missing':
    case 'escalation-unreachable':
      return `${stage}.escalate_to`;
    case 'timeout-missing':
      return `${stage}.timeout`;
    case 'unknown-calendar':
    case 'calendar-too-sparse':
      return `${stage}.calendar`;
    case 'reminder-too-late':
      return `${stage}.reminders`;
    default:
      return stage;
  }
}

function refuseUnknown(body: ChainBody, users: ReadonlyMap<string, string>): void {
  const errors: FieldError[] = [];
  body.stages.forEach((stage, index) => {
    for (const list of ['approvers', 'escalate_to'] as const) {
      stage[list]?.forEach((approver, position) => {
        if ('user_id' in approver && !users.has(approver.user_id)) {
          errors.push({
            path: `chain.stages.${index}.${list}.${position}.user_id`,
            message: 'there is no such user in your organization',
          });
        }
      });
    }
  });
  if (errors.length > 0) throw new InvalidRequest(errors);
}

async function guestsOf(
  tx: Transaction,
  people: People,
  approvers: readonly ApproverBody[],
): Promise<Map<string, string>> {
  const guests = new Map<string, string>();
  for (const approver of approvers) {
    if ('email' in approver && !guests.has(approver.email))
      guests.set(approver.email, (await people.byEmailOrGuest(tx, approver.email)).id);
  }
  return guests;
}
