import type { ApprovalView } from './approval-view.ts';
import type { Evidence } from './evidence.ts';
import { judgeOutcome } from './verdict.ts';

/** A promise, and everything that breaks it. */
export interface Check {
  readonly promise: string;
  readonly violations: readonly string[];
}

/** Holds what has become of everything against what was promised. */
export function checkEverything(evidence: Evidence): Check[] {
  return [
    { promise: 'every client got an answer, and none of ours was at fault', violations: evidence.ledger.failures },
    {
      promise: 'no acknowledged decision is lost',
      violations: [...lostDecisions(evidence), ...lostRecordings(evidence)],
    },
    { promise: 'nothing is doubled', violations: [...doubledDecisions(evidence), ...doubledLines(evidence)] },
    { promise: 'every request has ended as its decisions and timers imply', violations: wrongEndings(evidence) },
    { promise: 'nothing is left to be done', violations: leftovers(evidence) },
    { promise: 'the audit log has every request and every decision once', violations: auditGaps(evidence) },
    {
      promise: 'every mail that somebody waits for arrived, at most once more for each death of the worker',
      violations: [...missingMails(evidence), ...unexcusedCopies(evidence)],
    },
  ];
}

function lostDecisions({ ledger, views }: Evidence): string[] {
  const byId = new Map(views.map((view) => [view.id, view]));
  return ledger.acknowledged
    .filter(
      ({ approval, person, decision }) =>
        !byId
          .get(approval)
          ?.stages.some((stage) =>
            stage.decisions.some((stored) => stored.user_id === person && stored.decision === decision),
          ),
    )
    .map(
      ({ approval, person, decision, channel }) =>
        `${approval}: ${person} was told that ${decision} (${channel}) is taken, and it does not stand`,
    );
}

function lostRecordings({ ledger, intents }: Evidence): string[] {
  const carriedOut = new Set(
    intents.filter(({ kind, state }) => kind === 'decide' && state !== 'pending').map(({ approval }) => approval),
  );
  return ledger.recorded
    .filter(({ approval }) => !carriedOut.has(approval))
    .map(({ approval, person }) => `${approval}: what ${person} decided was recorded and never carried out`);
}

function doubledDecisions({ decisions }: Evidence): string[] {
  const counted = Map.groupBy(
    decisions.filter(({ counts }) => counts),
    ({ approval, revision, person }) => `${approval}, revision ${revision}, ${person}`,
  );
  return [...counted].filter(([, all]) => all.length > 1).map(([who, all]) => `${who}: ${all.length} decisions count`);
}

/** What may happen once only. A stage opens once, and a request begins and ends once. */
const ONCE = new Set(['created', 'stage_opened', 'escalated', 'approved', 'rejected', 'withdrawn', 'expired']);
const ENDS = new Set(['approved', 'rejected', 'withdrawn', 'expired']);

function doubledLines({ timeline, views }: Evidence): string[] {
  const repeated = [
    ...Map.groupBy(
      timeline.filter(({ type }) => ONCE.has(type)),
      ({ approval, type, stage }) => `${approval}: ${type} ${stage ?? ''}`,
    ),
  ]
    .filter(([, lines]) => lines.length > 1)
    .map(([line, lines]) => `${line} stands ${lines.length} times in the timeline`);
  const byApproval = Map.groupBy(timeline, ({ approval }) => approval);
  const inconsistent = views.flatMap((view) => {
    const ends = (byApproval.get(view.id) ?? []).filter(({ type }) => ENDS.has(type)).map(({ type }) => type);
    const decided = (byApproval.get(view.id) ?? []).filter(
      ({ type, channel }) => type === 'decided' && channel !== 'system',
    ).length;
    const counted = view.stages.reduce((sum, stage) => sum + stage.decisions.length, 0);
    return [
      ...(ends.join() === view.state
        ? []
        : [`${view.id}: is ${view.state}, and the timeline ends with ${ends.join(', ') || 'nothing'}`]),
      ...(decided === counted ? [] : [`${view.id}: ${counted} decisions count, and the timeline has ${decided}`]),
    ];
  });
  return [...repeated, ...inconsistent];
}

function wrongEndings({ ledger, views, intents }: Evidence): string[] {
  return views.flatMap((view) => {
    const plan = ledger.requests.get(view.id);
    const fault = plan ? judgeOutcome(view, plan, ledger.withdrawn.has(view.id)) : 'was asked for by nobody';
    return fault === null
      ? []
      : [
          `${view.id} (${view.title}) ${fault}; stages ${view.stages.map(({ state }) => state).join(', ')}; ${intentsOf(view.id, intents)}`,
        ];
  });
}

function intentsOf(id: string, intents: Evidence['intents']): string {
  return intents
    .filter(({ approval }) => approval === id)
    .map(({ kind, state, refusal, count }) => `${count} x ${kind} ${state}${refusal === null ? '' : ` (${refusal})`}`)
    .join(', ');
}

function leftovers({ intents, outbox }: Evidence): string[] {
  return [
    ...intents
      .filter(({ state }) => state === 'pending')
      .map(({ approval, kind, count }) => `${approval}: ${count} times ${kind} is recorded and not carried out`),
    ...outbox.map(
      ({ channel, attempts, last_error, failed }) =>
        `a message (${channel}) is ${failed ? 'given up' : 'not delivered'} after ${attempts} attempts: ${last_error ?? 'no error'}`,
    ),
  ];
}

function auditGaps({ audit, views, decisions, ledger }: Evidence): string[] {
  const count = (approval: string, action: string) =>
    audit
      .filter((entry) => entry.approval === approval && entry.action === action && entry.outcome === 'success')
      .reduce((sum, entry) => sum + entry.count, 0);
  const gaps = views.flatMap(({ id }) => {
    const made = count(id, 'approval.created');
    // A decision that came too late is recorded, and stands in the audit log, too; a repetition changes nothing and may stand there.
    const [decided, stored] = [
      count(id, 'approval.decide'),
      decisions.filter((decision) => decision.approval === id).length,
    ];
    return [
      ...(made === 1 ? [] : [`${id}: made ${made} times`]),
      ...(decided >= stored ? [] : [`${id}: ${stored} decisions, ${decided} in the audit log`]),
    ];
  });
  const unknown = audit
    .filter(({ approval, action }) => action === 'approval.created' && !ledger.requests.has(approval))
    .map(({ approval }) => `${approval}: made, and nobody was told`);
  return [...gaps, ...unknown];
}

/** What nobody waits for any more is not mailed. A lease holds a mail back for a minute after the worker died with it. */
const MAILED_WITHIN_MS = 90_000;

function missingMails({ ledger, views, mails, workerDeaths }: Evidence): string[] {
  const arrived = new Set(mails.map(({ to, subject }) => `${to}: ${subject}`));
  return views.flatMap((view) => {
    const title = ledger.requests.get(view.id)?.title ?? '';
    const asked = view.stages.flatMap((stage) =>
      stage.approvers.flatMap(({ user_id }) =>
        waitedMs(view, stage, user_id, workerDeaths) > MAILED_WITHIN_MS
          ? [`${user_id}@crash.test: Approval needed: ${title}`]
          : [],
      ),
    );
    const told = `${view.requester_id}@crash.test: ${view.state.charAt(0).toUpperCase()}${view.state.slice(1)}: ${title}`;
    return [...asked, told].filter((mail) => !arrived.has(mail)).map((mail) => `never arrived: ${mail}`);
  });
}

/** How long somebody's answer was waited for while the worker lived, in milliseconds. */
function waitedMs(
  { stages, decided_at }: ApprovalView,
  stage: ApprovalView['stages'][number],
  person: string | null,
  workerDeaths: readonly number[],
): number {
  if (stage.opened_at === null) return 0;
  const ends = [
    decided_at,
    stages[stage.index + 1]?.opened_at,
    stage.decisions.find(({ user_id }) => user_id === person)?.at,
  ];
  const over = Math.min(...ends.map((moment) => (moment ? Date.parse(moment) : Number.POSITIVE_INFINITY)));
  return over - Math.max(Date.parse(stage.opened_at), ...workerDeaths.filter((death) => death < over));
}

/** A mail may come twice only where the worker died between the two: it had no time to write down that it was sent. */
function unexcusedCopies({ mails, workerDeaths }: Evidence): string[] {
  return [...Map.groupBy(mails, ({ messageId }) => messageId)].flatMap(([messageId, copies]) =>
    copies.slice(1).flatMap((copy, index) => {
      const before = copies[index]?.at ?? 0;
      return workerDeaths.some((death) => death >= before && death <= copy.at)
        ? []
        : [`${messageId}: came again after ${copy.at - before} ms, and the worker had not died`];
    }),
  );
}
