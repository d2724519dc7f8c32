import { type Approval, approvalSchema, type DemoApi } from './api.ts';
import { CAST, type Person, personOf, TEAM } from './cast.ts';
import { decideByLink } from './link-page.ts';
import { type DemoMailbox, linkIn } from './mailbox.ts';
import { chapter, say, stateWord, where } from './terminal.ts';

/** Where the demo plays: the system, and its mailbox where it has one of its own. */
export interface Stage {
  readonly api: DemoApi;
  readonly mailbox: DemoMailbox | null;
}

/** People read mail at their own pace. */
const A_PERSON_ANSWERS_WITHIN_MS = 10 * 60_000;
const THE_SYSTEM_ANSWERS_WITHIN_MS = 60_000;

/** 300 dollars: below the lowest threshold. */
export async function smallRequest(stage: Stage): Promise<Approval> {
  chapter('300 dollars: nobody has to be asked');
  return ask(stage, { title: 'Prompt evaluation, one batch', amount: '300.00' });
}

/** 2,500 dollars: manager, then director; both approve. */
export async function mediumRequest(stage: Stage): Promise<Approval> {
  chapter('2,500 dollars: the manager, then the director');
  const since = new Date();
  const request = await ask(stage, { title: 'Embeddings for the support archive', amount: '2500.00' });
  await decide(stage, request, CAST.manager, 'approve', 'Fits the plan.', since);
  await decide(stage, request, CAST.director, 'approve', 'Agreed.', since);
  return closed(stage, request, since);
}

/** 12,000 dollars: the manager does not answer, so the director is asked too; the vice president says no. */
export async function largeRequest(stage: Stage): Promise<Approval> {
  const patience = stage.mailbox ? 'PT5S' : 'PT1M';
  chapter('12,000 dollars: the manager does not answer in time');
  const since = new Date();
  const request = await ask(stage, {
    title: 'Fine-tuning run on a reserved cluster',
    amount: '12000.00',
    chain: {
      stages: [
        {
          name: 'Manager',
          approvers: [{ role: 'manager' }],
          timeout: patience,
          on_timeout: 'escalate',
          escalate_to: [{ role: 'director' }],
        },
        { name: 'Vice president', approvers: [{ role: 'vp' }], timeout: 'P2D' },
      ],
    },
  });
  say(`${CAST.manager.name} has ${stage.mailbox ? '5 seconds' : 'one minute'}, and lets them pass …`);
  await stage.api.waitUntil(
    request.id,
    (approval) => approval.stages[0]?.escalated === true,
    THE_SYSTEM_ANSWERS_WITHIN_MS * 2,
    'The escalation',
  );
  say(`Escalated: ${CAST.director.name} is asked as well.`);
  await decide(stage, request, CAST.director, 'approve', 'I know the project.', since);
  await decide(stage, request, CAST.vp, 'reject', 'Not this quarter: ask again in April.', since);
  return closed(stage, request, since);
}

async function ask({ api }: Stage, what: { title: string; amount: string; chain?: object }): Promise<Approval> {
  const { title, amount, chain } = what;
  const request = await api.need(approvalSchema, 'POST', '/api/v1/approvals', {
    team_id: TEAM.id,
    kind: 'spend',
    title,
    requester_id: CAST.requester.id,
    amount: { value: amount, currency: TEAM.currency },
    ...(chain ? { chain } : {}),
  });
  say(
    `${CAST.requester.name} asks for “${title}”: ${stateWord(request.state)}.${request.outcome_reason ? ` ${request.outcome_reason}` : ''}`,
  );
  for (const stage of request.stages.filter(({ state }) => state !== 'skipped')) {
    say(
      `· ${stage.name}: ${stage.approvers.map(({ user_id, reason }) => `${personOf(user_id)?.name ?? user_id} (${reason})`).join(', ')}`,
    );
  }
  return request;
}

async function decide(
  stage: Stage,
  request: Approval,
  person: Person,
  decision: 'approve' | 'reject',
  comment: string,
  since: Date,
): Promise<void> {
  if (!stage.mailbox) return letSomebodyDecide(stage, request, person, decision);
  const mail = await stage.mailbox.wait(person.email, request.title ?? '', since);
  say(`Mail to ${person.name}: “${mail.subject}”`);
  where(stage.mailbox.pageOf(mail));
  const link = linkIn(mail);
  await decideByLink(link, decision, comment);
  say(`${person.name} opens the link and presses ${decision === 'approve' ? 'Approve' : 'Reject'}: “${comment}”`);
  where(link);
}

/** Without a mailbox of ours nobody but the reader can see the link. */
async function letSomebodyDecide({ api }: Stage, request: Approval, person: Person, decision: string): Promise<void> {
  say(`This system sends mail through a server of its own. Look into the mailbox of ${person.email} for`);
  say(`“${request.title}”, open the link and decide (${decision}, if you follow the story). Waiting …`);
  const before = await api.approval(request.id);
  await api.waitUntil(
    request.id,
    (now) => now.state !== 'pending' || progressOf(now) !== progressOf(before),
    A_PERSON_ANSWERS_WITHIN_MS,
    'A decision',
  );
}

function progressOf({ stages }: Approval): string {
  return stages.map(({ state }) => state).join();
}

async function closed({ api, mailbox }: Stage, request: Approval, since: Date): Promise<Approval> {
  const outcome = await api.waitUntil(
    request.id,
    ({ state }) => state !== 'pending',
    THE_SYSTEM_ANSWERS_WITHIN_MS,
    'The outcome',
  );
  say(`The request is ${stateWord(outcome.state)}. ${outcome.outcome_reason ?? ''}`);
  if (!mailbox) return outcome;
  const mail = await mailbox.wait(CAST.requester.email, request.title ?? '', since);
  say(`Mail to ${CAST.requester.name}: “${mail.subject}”`);
  where(mailbox.pageOf(mail));
  return outcome;
}
