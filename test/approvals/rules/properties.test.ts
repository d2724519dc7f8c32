import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Approval,
  type ApprovalEvent,
  checkDecision,
  controlSnapshot,
  evolve,
  handle,
  isClosed,
  openStageOf,
  type StageState,
} from '../../../src/approvals/rules.ts';
import { steps, worlds } from './arbitraries.ts';
import { decision } from './fixtures.ts';
import { type History, live, type Moment } from './histories.ts';
import { isRightlyAsked, quorumFor } from './oracle.ts';

/** Lets many requests live through many steps, and looks at each whole history. */
function always(look: (history: History) => void, numRuns = 1000): void {
  fc.assert(
    fc.property(worlds, steps, (world, taken) => look(live(world, taken))),
    { numRuns },
  );
}

const everyMoment = (look: (moment: Moment, history: History) => void) =>
  always((history) => history.moments.forEach((moment) => look(moment, history)));
const eventsOf = ({ result }: Moment): readonly ApprovalEvent[] => ('events' in result ? result.events : []);
const happened = (moment: Moment, type: ApprovalEvent['type'], stage: number) => {
  return eventsOf(moment).some((event) => event.type === type && 'stage' in event && event.stage === stage);
};
const counted = (approval: Approval) => approval.stages.flatMap((stage) => stage.decisions);

describe('whatever happens to a request', () => {
  test('it is approved only with the quorum of distinct people in every stage, or where a rule says so', () => {
    let approved = 0;
    everyMoment(({ before, after, context }, history) => {
      if (after.state !== 'approved' || before.state === 'approved') return;
      approved += 1;
      for (const stage of after.stages) {
        const approvals = new Set(
          stage.decisions.filter((each) => each.decision === 'approve').map((each) => each.person),
        ).size;
        const revision = history.moments.filter((moment) => moment.after.revision === after.revision);
        const timedOut = revision.some(
          (moment) => moment.command.type === 'deadline' && happened(moment, 'stage_approved', stage.index),
        );
        const leftOut = stage.rule.amountAtLeast !== null && Number(after.amount) < Number(stage.rule.amountAtLeast);
        expect(stage.state).toBe(leftOut ? 'skipped' : 'approved');
        if (!leftOut && !(timedOut && stage.rule.onTimeout === 'approve')) {
          const opening = revision.findLast((moment) => happened(moment, 'stage_opened', stage.index));
          expect(approvals).toBeGreaterThanOrEqual(
            quorumFor(stage.rule, (opening?.context ?? context).facts, after.parties),
          );
          expect(approvals).toBeGreaterThanOrEqual(stage.required);
        }
      }
    });
    expect(approved).toBeGreaterThan(100);
  });

  test('requester and creator are never asked and never counted, nor does anybody answer for them', () => {
    everyMoment(({ after }) => {
      const { requester, creator } = after.parties;
      const named = [...counted(after), ...after.stages.flatMap((stage) => stage.asked)].flatMap((each) => [
        each.person,
        each.onBehalfOf,
      ]);
      expect(named.filter((person) => person !== null && (person === requester || person === creator))).toEqual([]);
    });
  });

  test('whoever is asked is rightly asked at that moment', () => {
    everyMoment((moment, history) => {
      for (const event of eventsOf(moment)) {
        const candidates = 'candidates' in event ? event.candidates : event.type === 'reassigned' ? [event.to] : [];
        const rule = 'stage' in event ? moment.after.stages[event.stage]?.rule : undefined;
        for (const candidate of candidates)
          expect(rule !== undefined && isRightlyAsked(candidate, rule, moment, history)).toBe(true);
      }
    });
  });

  test('one person counts at most once in a revision, and only where asked', () => {
    everyMoment(({ after }) => {
      const people = counted(after).map((each) => each.person);
      expect(new Set(people).size).toBe(people.length);
      for (const stage of after.stages) {
        const asked = stage.asked.map((candidate) => candidate.person);
        expect(new Set(asked).size).toBe(asked.length);
        expect(stage.decisions.every((each) => asked.includes(each.person))).toBe(true);
      }
    });
  });

  test('closed is closed', () => {
    everyMoment(({ before, after, ...moment }) => {
      if (!isClosed(before.state)) return;
      expect(after).toEqual(before);
      expect(eventsOf({ before, after, ...moment }).every((event) => event.type === 'late_decision')).toBe(true);
    });
  });

  test('exactly one stage is open until it is closed, what comes before it is done, and it lacks approvals', () => {
    everyMoment(({ after }) => {
      const open = after.stages.filter((stage) => stage.state === 'open');
      expect(open).toHaveLength(isClosed(after.state) ? 0 : 1);
      const [stage] = open;
      if (stage === undefined) return;
      expect(after.stages.slice(0, stage.index).every(({ state }) => state === 'approved' || state === 'skipped')).toBe(
        true,
      );
      expect(stage.decisions.filter((each) => each.decision === 'approve').length).toBeLessThan(stage.required);
      if (after.state === 'changes_requested') expect(stage.deadlineAt).toBeNull();
    });
  });

  test('the events, folded from the start, give the state', () => {
    always(({ created, events, final }) => expect(events.reduce(evolve, created)).toEqual(final));
  });

  test('a revision counts up by one, and only when something material is resubmitted', () => {
    everyMoment((moment) => {
      const material = eventsOf(moment).some((event) => event.type === 'resubmitted' && event.material);
      expect(moment.after.revision).toBe(moment.before.revision + (material ? 1 : 0));
    });
  });
});

describe('decisions', () => {
  test('the same one again is answered as repeated, at any later time, and changes nothing', () => {
    everyMoment(({ after, context }) => {
      for (const { person, decision: kind } of counted(after)) {
        expect(handle(after, decision(person, kind), context)).toEqual({
          outcome: 'repeated',
          events: [],
          approval: after,
        });
      }
    });
  });

  test('the workflow’s check and the whole engine agree', () => {
    everyMoment(({ before, command, context, result }) => {
      if (command.type !== 'decide') return;
      const checked = checkDecision(controlSnapshot(before), command);
      const left = checked === 'accept' && context.facts.inactive.has(command.person);
      const late = checked === 'approval-closed' && isClosed(before.state);
      const outcome = 'refusal' in result ? result.refusal : result.outcome;
      expect(outcome).toBe(
        left
          ? 'not-an-approver'
          : late
            ? 'late'
            : checked === 'accept'
              ? 'applied'
              : checked === 'repeat'
                ? 'repeated'
                : checked,
      );
    });
  });

  test('the order of two independent approvals in one stage does not matter', () => {
    let compared = 0;
    everyMoment(({ after, context }) => {
      const stage = openStageOf(after);
      if (after.state !== 'pending' || stage === null) return;
      const [one, other] = undecided(stage).filter((person) => !context.facts.inactive.has(person));
      if (one === undefined || other === undefined || stage.required - stage.decisions.length < 2) return;
      compared += 1;
      expect(inAnyOrder(afterApprovals(after, [one, other], context))).toEqual(
        inAnyOrder(afterApprovals(after, [other, one], context)),
      );
    });
    expect(compared).toBeGreaterThan(100);
  });
});

function undecided(stage: StageState): string[] {
  return stage.asked
    .map((candidate) => candidate.person)
    .filter((person) => !stage.decisions.some((each) => each.person === person));
}

function afterApprovals(approval: Approval, people: readonly string[], context: Moment['context']): Approval {
  return people.reduce((current, person) => {
    const handled = handle(current, decision(person), context);
    if ('refusal' in handled) throw new Error(`an approval was refused: ${handled.refusal}`);
    return handled.approval;
  }, approval);
}

function inAnyOrder(approval: Approval): Approval {
  const stages = approval.stages.map((stage) => ({
    ...stage,
    decisions: stage.decisions.toSorted((a, b) => a.person.localeCompare(b.person)),
  }));
  return { ...approval, stages };
}
