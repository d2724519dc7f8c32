import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { approvalView, type ApprovalView } from './approval-view.ts';
import type { Ledger } from './ledger.ts';
import type { MailLog } from './mail-log.ts';
import type { PersistentClient } from './persistent-client.ts';
import { type Decision, type Plan, type PlannedDecision, requestBody } from './plan.ts';

/** Everybody who plays in it. */
export interface Stage {
  readonly client: PersistentClient;
  readonly mails: MailLog;
  readonly ledger: Ledger;
  readonly team: string;
  /** Asks and withdraws in anybody's name. */
  readonly serviceKey: string;
  readonly keyOf: (person: string) => string;
  readonly addressOf: (person: string) => string;
}

const LOOK_AGAIN_MS = 300;
const GIVES_UP_AFTER_MS = 150_000;

const problem = z.object({ type: z.string() });

/** Carries out one plan, whatever is killed meanwhile. What went wrong stands in the ledger. */
export async function play(stage: Stage, plan: Plan): Promise<void> {
  try {
    const { id } = await stage.client.json(
      {
        method: 'POST',
        path: '/api/v1/approvals',
        key: stage.serviceKey,
        idempotencyKey: randomUUID(),
        json: requestBody(plan, stage.team),
      },
      (body) => approvalView.parse(body),
    );
    stage.ledger.requests.set(id, plan);
    const parts = plan.decisions.map((decision) => decide(stage, id, plan, decision));
    if (plan.withdrawAfterMs !== null) parts.push(withdraw(stage, id, plan.withdrawAfterMs));
    await Promise.all(parts);
  } catch (error) {
    stage.ledger.failures.push(`${plan.title}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function decide(stage: Stage, id: string, plan: Plan, planned: PlannedDecision): Promise<void> {
  if (!(await untilAsked(stage, id, planned))) return;
  await pause(planned.afterMs);
  const attempts = planned.rival === null ? [planned.decision] : [planned.decision, planned.rival];
  if (planned.channel === 'api')
    await Promise.all(attempts.map((decision) => decideOverApi(stage, id, planned, decision)));
  else await decideByLink(stage, id, plan, planned, attempts);
}

/** @returns false where the request came to its end without them */
async function untilAsked(stage: Stage, id: string, { stage: index, person }: PlannedDecision): Promise<boolean> {
  return untilKnown(`${person} was never asked`, async () => {
    const view = await look(stage, id);
    if (view.state !== 'pending') return false;
    const asked = view.stages.find((candidate) => candidate.index === index && candidate.state === 'open');
    return asked?.approvers.some(({ user_id }) => user_id === person) ? true : null;
  });
}

async function decideOverApi(
  stage: Stage,
  id: string,
  { person, channel }: PlannedDecision,
  decision: Decision,
): Promise<void> {
  const { status, text } = await stage.client.ask({
    method: 'POST',
    path: `/api/v1/approvals/${id}/decisions`,
    key: stage.keyOf(person),
    idempotencyKey: randomUUID(),
    json: { decision, comment: `${person} says ${decision}` },
  });
  if (status === 200) stage.ledger.acknowledged.push({ approval: id, person, decision, channel });
  else stage.ledger.refuse(problem.parse(JSON.parse(text)).type);
}

/** 303: taken. 202: what this person has decided (with this form or another one) is recorded, and will be carried out. */
async function decideByLink(
  stage: Stage,
  id: string,
  plan: Plan,
  { person, channel }: PlannedDecision,
  attempts: readonly Decision[],
): Promise<void> {
  const link = await untilKnown(
    `no link was mailed to ${person}`,
    async () =>
      (await stage.mails.linkFor(stage.addressOf(person), plan.title)) ??
      ((await look(stage, id)).state === 'pending' ? null : false),
  );
  if (link === false) return;
  const { pathname } = new URL(link);
  const page = await stage.client.ask({ method: 'GET', path: pathname });
  const revision = /name="revision" value="(\d+)"/.exec(page.text)?.[1];
  if (revision === undefined)
    return stage.ledger.refuse(`page: ${/<title>([^:<]*)/.exec(page.text)?.[1] ?? page.status}`);
  await Promise.all(
    attempts.map(async (decision) => {
      const { status } = await stage.client.ask({
        method: 'POST',
        path: pathname,
        form: { revision, decision, comment: `${person} says ${decision}` },
      });
      if (status === 303) stage.ledger.acknowledged.push({ approval: id, person, decision, channel });
      else if (status === 202) stage.ledger.recorded.push({ approval: id, person });
      else stage.ledger.refuse(`page ${status}`);
    }),
  );
}

async function withdraw(stage: Stage, id: string, afterMs: number): Promise<void> {
  await pause(afterMs);
  const { status, text } = await stage.client.ask({
    method: 'POST',
    path: `/api/v1/approvals/${id}/withdraw`,
    key: stage.serviceKey,
    idempotencyKey: randomUUID(),
    json: { reason: 'No longer needed.' },
  });
  if (status === 200) stage.ledger.withdrawn.add(id);
  else stage.ledger.refuse(problem.parse(JSON.parse(text)).type);
}

function look(stage: Stage, id: string): Promise<ApprovalView> {
  return stage.client.json({ method: 'GET', path: `/api/v1/approvals/${id}`, key: stage.serviceKey }, (body) =>
    approvalView.parse(body),
  );
}

/** Looks until there is something else than null. @throws Error with `what`, where there never is */
async function untilKnown<Value>(what: string, ask: () => Promise<Value | null>): Promise<Value> {
  const giveUpAt = performance.now() + GIVES_UP_AFTER_MS;
  for (;;) {
    const value = await ask();
    if (value !== null) return value;
    if (performance.now() > giveUpAt) throw new Error(what);
    await pause(LOOK_AGAIN_MS);
  }
}
