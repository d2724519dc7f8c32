import type { LeftOut, NotEnoughApprovers, Problem, StagesCompete } from './problems.ts';
import { approvals, people, roleWord, sentence, stagesWord, stageWord } from './words.ts';

/** What is wrong and what to do about it, in words without personal data. Stages are counted from 1, as people do. */
export function describeProblem(problem: Problem): string {
  const where = problem.stage === null ? 'The request' : sentence(stageWord(problem.stage));
  switch (problem.code) {
    case 'no-stages':
      return 'The chain has no stage. Give it at least one.';
    case 'no-hierarchy':
      return 'Neither the team nor a team above it has an approval hierarchy. Send a chain with the request, or set one.';
    case 'empty-hierarchy':
      return 'The approval hierarchy is empty. Give it at least one role, or send a chain with the request.';
    case 'amount-needed':
      return `${where} depends on the amount, and the request has none. Give it an amount.`;
    case 'not-enough-approvers':
      return describeShortage(problem);
    case 'stages-compete':
      return describeCompetition(problem);
    case 'escalation-missing':
      return `${where} escalates, but does not say to whom. Give it escalate_to, or another on_timeout.`;
    case 'escalation-unreachable':
      return `${where} escalates to nobody who may decide. Name somebody else in escalate_to.`;
    case 'timeout-missing':
      return `${where} says what happens on a timeout, but has none. Give it a timeout, or leave on_timeout out.`;
    case 'unknown-calendar':
      return `${where} names a calendar that does not exist. Create it first, or leave it out to count plain time.`;
    case 'calendar-too-sparse':
      return `${where} would end more than ten years away by its calendar. Give it a shorter timeout, or the calendar more working time.`;
    case 'reminder-too-late':
      return `${where} would remind after ${problem.reminder}, which is not before its timeout. Remind earlier.`;
    case 'duplicate-role':
      return `The approval hierarchy names the role ${roleWord(problem.role)} more than once. Name it once.`;
    case 'invalid-threshold':
      return `The approval hierarchy's threshold of the role ${roleWord(problem.role)} is no amount. Write it like 1500.00.`;
    case 'above-all-authority':
      return `The amount is above ${problem.highest}, the most that anybody may approve alone. Ask for less, or send a chain with the request.`;
  }
}

function describeShortage({ stage, required, available, leftOut }: NotEnoughApprovers): string {
  const why = reasons(leftOut);
  const because = why.length === 0 ? '' : ` (${why.join('; ')})`;
  const needs = `${sentence(stageWord(stage))} needs ${approvals(required)}`;
  return `${needs}, but ${only(available)} can be asked${because}. Name more approvers, or ask for fewer approvals.`;
}

function describeCompetition({ stages, required, available }: StagesCompete): string {
  const needs = `${sentence(stagesWord(stages))} together need ${people(required)}, since one person counts once in a request`;
  return `${needs}, but ${only(available)} can be asked. Name more approvers.`;
}

function reasons({ parties, inactive, absent, sharedDelegate, decided, vacantRoles }: LeftOut): string[] {
  return [
    ...(parties > 0 ? ['neither the requester nor whoever made the request may decide on it'] : []),
    ...(inactive > 0 ? [`${people(inactive)} can no longer decide`] : []),
    ...(absent > 0 ? [`${people(absent)} absent without anybody who may stand in`] : []),
    ...(sharedDelegate > 0
      ? [`${people(sharedDelegate)} absent and represented by somebody who is asked already`]
      : []),
    ...(decided > 0 ? [`${people(decided)} decided already, and one person counts once`] : []),
    ...vacantRoles.map((role) => `nobody who may decide holds the role ${roleWord(role)}`),
  ];
}

function only(count: number): string {
  return count === 0 ? people(0) : `only ${people(count)}`;
}
