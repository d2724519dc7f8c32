import type { EntityManager } from '@mikro-orm/postgresql';
import { plainArray } from '../platform/database/sql-arrays.ts';
import { NotFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { ApprovalRow, AskRow, DecisionRow, StageRow } from './entities.ts';
import type { Approval, ApprovalEvent, Decision, StageState } from './rules.ts';

/** A request as the rules see it, with the rows it was read from. */
export interface StoredApproval {
  readonly row: ApprovalRow;
  readonly stages: readonly StageRow[];
  readonly asks: readonly AskRow[];
  readonly decisions: readonly DecisionRow[];
  readonly approval: Approval;
}

/**
 * Reads a request and locks it until the end of the transaction, so that what the rules decide on cannot change meanwhile.
 * @throws NotFound
 */
export async function lockApproval(em: EntityManager, id: string): Promise<StoredApproval> {
  // Not FOR UPDATE: whoever adds a row that refers to the request (a mail that was sent) need not wait.
  const locked = await em.execute<object[]>('select from countersign.approvals where id = ? for no key update', [id]);
  if (locked.length === 0) throw new NotFound('approval');
  // Behind the statement that locks: what that one waited for would not be seen by a statement that had begun before.
  const [row] = await em.execute<StoredRow[]>(`select a.*, ${PARTS} from countersign.approvals a where a.id = ?`, [id]);
  return storedOf(em, row!);
}

/** @throws NotFound */
export async function readApproval(em: EntityManager, organization: string, id: string): Promise<StoredApproval> {
  const [stored] = await readApprovals(em, organization, [id]);
  if (!stored) throw new NotFound('approval');
  return stored;
}

/** Reads many at once, in the order of the ids; one that is not there is left out. */
export async function readApprovals(
  em: EntityManager,
  organization: string,
  ids: readonly string[],
): Promise<StoredApproval[]> {
  if (ids.length === 0) return [];
  const rows = await em.execute<StoredRow[]>(
    `select a.*, ${PARTS} from countersign.approvals a where a.organization_id = ? and a.id = any(?::uuid[])`,
    [organization, plainArray(ids)],
  );
  const order = new Map(ids.map((id, index) => [id, index]));
  return rows.toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0)).map((row) => storedOf(em, row));
}

interface StoredRow {
  readonly id: string;
  readonly stages: readonly Record<string, unknown>[];
  readonly asks: readonly Record<string, unknown>[];
  readonly decisions: readonly { readonly comment: string | null }[];
}

/** What hangs on the current revision of a request `a`, as columns of its row: one round trip for all of it. */
const PARTS = `
  coalesce((
    select jsonb_agg(to_jsonb(s) order by s.stage_index) from countersign.approval_stages s
    where s.approval_id = a.id and s.revision = a.revision), '[]') as stages,
  coalesce((
    select jsonb_agg(to_jsonb(k) order by k.id) from countersign.approval_asks k
    where k.approval_id = a.id and k.revision = a.revision), '[]') as asks,
  coalesce((
    select jsonb_agg(to_jsonb(d) order by d.at, d.id) from countersign.approval_decisions d
    where d.approval_id = a.id and d.revision = a.revision and d.counts), '[]') as decisions`;

function storedOf(em: EntityManager, { stages, asks, decisions, ...row }: StoredRow): StoredApproval {
  const parts = {
    row: em.map(ApprovalRow, row),
    stages: stages.map((stage) => em.map(StageRow, stage)),
    asks: asks.map((ask) => em.map(AskRow, ask)),
    decisions: decisions.map((decision) => em.map(DecisionRow, { ...decision, comment: bytesOf(decision.comment) })),
  };
  return { ...parts, approval: approvalOf(parts) };
}

/** PostgreSQL writes bytes into JSON as `\\x` and hexadecimal digits. */
function bytesOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text.slice(2), 'hex');
}

function approvalOf({ row, stages, asks, decisions }: Omit<StoredApproval, 'approval'>): Approval {
  return {
    state: row.state,
    revision: row.revision,
    parties: { requester: row.requester, creator: row.creator ?? null, beneficiary: row.beneficiary ?? null },
    amount: row.amount ?? null,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt ?? null,
    stages: row.chain.stages.map((rule, index): StageState => {
      const stage = stages.find((candidate) => candidate.index === index);
      return {
        index,
        rule,
        state: stage?.state ?? 'waiting',
        escalated: stage?.escalated ?? false,
        required: stage?.required ?? 0,
        openedAt: stage?.openedAt ?? null,
        deadlineAt: stage?.deadlineAt ?? null,
        asked: asks
          .filter((ask) => ask.stage === index)
          .map(({ person, reason, onBehalfOf }) => ({ person, reason, onBehalfOf: onBehalfOf ?? null })),
        decisions: decisions.filter((decision) => decision.stage === index).map(decisionOf),
      };
    }),
  };
}

function decisionOf({ person, decision, at, channel, onBehalfOf }: DecisionRow): Decision {
  return { person, decision, at, channel, onBehalfOf: onBehalfOf ?? null };
}

/**
 * Writes what a command changed: the difference between the stored request and the one the rules made of it.
 * @param intent what brought it about, where somebody did
 * @returns the stages as they now are
 */
export function saveApproval(
  tx: Transaction,
  stored: StoredApproval,
  after: Approval,
  events: readonly ApprovalEvent[],
  intent: string | null,
): StageRow[] {
  const { row } = stored;
  row.state = after.state;
  row.version += 1;
  row.updatedAt = tx.at;
  row.amount = after.amount;
  const outcome = events.find((event) => 'reason' in event);
  if (outcome && 'reason' in outcome) {
    row.outcome = outcome.reason;
    row.outcomeIntent = intent;
    row.decidedAt = outcome.at;
  }
  const sameRevision = after.revision === row.revision;
  row.revision = after.revision;
  if (!sameRevision) forgetAsks(tx, stored.asks);
  const stages = after.stages.map((stage) => saveStage(tx, stored, stage, sameRevision, events));
  saveAsks(tx, stored, after, sameRevision);
  if (sameRevision) dropAnsweredDecisions(stored, after);
  return stages;
}

function saveStage(
  tx: Transaction,
  stored: StoredApproval,
  stage: StageState,
  sameRevision: boolean,
  events: readonly ApprovalEvent[],
): StageRow {
  const { index, state, escalated, required, openedAt, deadlineAt } = stage;
  const opened = events.findLast((event) => event.type === 'stage_opened' && event.stage === index);
  const now = {
    state,
    escalated,
    required,
    openedAt,
    deadlineAt,
    ...(opened?.type === 'stage_opened' ? { remindAt: opened.remindAt.map((moment) => moment.toISOString()) } : {}),
  };
  const existing = sameRevision ? stored.stages.find((candidate) => candidate.index === index) : undefined;
  if (existing) return Object.assign(existing, now);
  const row = {
    id: newId(tx.at),
    organization: tx.origin.organization,
    approval: stored.row.id,
    revision: stored.row.revision,
    index,
    remindAt: [],
    ...now,
  };
  tx.add(StageRow, row);
  return row;
}

function forgetAsks(tx: Transaction, asks: readonly AskRow[]): void {
  for (const ask of asks) {
    ask.pending = false;
    tx.em.persist(ask);
  }
}

/** `pending` is the inbox: asked, the stage is open, the request takes decisions, and the person has not decided. */
function saveAsks(tx: Transaction, stored: StoredApproval, after: Approval, sameRevision: boolean): void {
  const { em, origin, at } = tx;
  const known = sameRevision ? stored.asks : [];
  const key = (stage: number, person: string) => `${stage}/${person}`;
  const wanted = new Map(
    after.stages.flatMap((stage) =>
      stage.state === 'waiting'
        ? []
        : stage.asked.map((candidate) => [key(stage.index, candidate.person), { stage, candidate }] as const),
    ),
  );
  for (const ask of known) {
    const still = wanted.get(key(ask.stage, ask.person));
    if (!still) {
      em.remove(ask);
      continue;
    }
    ask.pending = isPending(after, still.stage, ask.person);
    ask.reason = still.candidate.reason;
    ask.onBehalfOf = still.candidate.onBehalfOf;
    wanted.delete(key(ask.stage, ask.person));
  }
  for (const { stage, candidate } of wanted.values()) {
    tx.add(AskRow, {
      id: newId(at),
      organization: origin.organization,
      approval: stored.row.id,
      revision: after.revision,
      stage: stage.index,
      person: candidate.person,
      onBehalfOf: candidate.onBehalfOf,
      reason: candidate.reason,
      pending: isPending(after, stage, candidate.person),
      askedAt: at,
    });
  }
}

function isPending(approval: Approval, stage: StageState, person: string): boolean {
  return (
    approval.state === 'pending' &&
    stage.state === 'open' &&
    !stage.decisions.some((decision) => decision.person === person)
  );
}

/** A request for changes that was answered by making them counts no longer; the row stays for the timeline. */
function dropAnsweredDecisions(stored: StoredApproval, after: Approval): void {
  for (const decision of stored.decisions) {
    const counts = after.stages.some((stage) =>
      stage.decisions.some(
        (candidate) => candidate.person === decision.person && candidate.decision === decision.decision,
      ),
    );
    if (!counts) decision.counts = false;
  }
}
