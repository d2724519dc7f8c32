import type { EntityManager } from '@mikro-orm/postgresql';
import { Forbidden, InvalidRequest } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { may, seesAll, teamPath, teamsDownwards, teamsWhere } from '../tenancy/service.ts';
import { AskRow } from './entities.ts';
import type { ResubmissionBody } from './schemas.ts';
import type { StoredApproval } from './store.ts';

/** Whether the request is the caller's own: they asked for it, or made it. */
export function isOwn(caller: Caller, { row }: StoredApproval): boolean {
  return (
    (caller.person !== null && (caller.person === row.requester || caller.person === row.creator)) ||
    caller.key === row.creatorKey
  );
}

/** @throws Forbidden where the request neither concerns the caller nor stands in a team whose requests they see */
export async function demandSight(em: EntityManager, caller: Caller, stored: StoredApproval): Promise<void> {
  if (isOwn(caller, stored)) return;
  if (may(caller, 'approvals.read', await teamPath(em, caller.organization, stored.row.team))) return;
  if (
    caller.person !== null &&
    (await em.count(AskRow, {
      approval: stored.row.id,
      $or: [{ person: caller.person }, { onBehalfOf: caller.person }],
    })) > 0
  )
    return;
  throw new Forbidden('This request does not concern you, and you may not see all requests of its team.');
}

/** @throws Forbidden for whoever neither made the request nor administers its team */
export async function demandHandling(em: EntityManager, caller: Caller, stored: StoredApproval): Promise<void> {
  if (isOwn(caller, stored)) return;
  if (may(caller, 'approvals.manage', await teamPath(em, caller.organization, stored.row.team))) return;
  throw new Forbidden('Only the requester, whoever made the request, and admins of its team may do this.');
}

/** Whether Countersign itself asks: no key made the request, and something is done by itself once it is approved. */
export function isOfService({ row }: Pick<StoredApproval, 'row'>): boolean {
  return (row.creatorKey ?? null) === null;
}

/**
 * What Countersign asks for is for people to answer: a service key, which may do whatever its scopes say, takes nothing back
 * and changes nothing of it.
 * @throws Forbidden for whoever neither made the request nor administers its team
 */
export async function demandChange(em: EntityManager, caller: Caller, stored: StoredApproval): Promise<void> {
  if (isOfService(stored)) demandNoService(caller);
  await demandHandling(em, caller, stored);
}

/**
 * What approvers of a request of Countersign's own agree to follows from what it is for. Another chain would let whoever
 * sends it choose who answers, or have nobody asked at all.
 * @throws InvalidRequest with the path of each member that is not to be sent
 */
export function demandWordsOnly(body: ResubmissionBody): void {
  const errors = MATERIAL.filter((member) => body[member] !== undefined).map((path) => ({
    path,
    message: 'cannot be changed, since Countersign itself asks: leave it out, or reject or withdraw the request',
  }));
  if (errors.length > 0) throw new InvalidRequest(errors);
}

const MATERIAL = ['amount', 'context', 'chain'] as const;

function demandNoService(caller: Caller): void {
  if (caller.kind === 'service')
    throw new Forbidden('Countersign itself asks here: only people may do this, admins of the request’s team.');
}

/**
 * Having made the request is not enough here: whoever asks would choose who answers.
 * @param from whose seat it is, where that is known
 * @throws Forbidden for whoever neither has the seat nor administers the request's team
 */
export async function demandReassignment(
  em: EntityManager,
  caller: Caller,
  stored: StoredApproval,
  from: string | null,
): Promise<void> {
  if (from !== null && from === caller.person) return;
  if (isOfService(stored)) demandNoService(caller);
  if (may(caller, 'approvals.manage', await teamPath(em, caller.organization, stored.row.team))) return;
  throw new Forbidden('Only the approver whose place it is and admins of the request’s team may do this.');
}

/** Whose requests somebody sees: all of these teams, and those that concern the person or were made with the key. */
export interface Sight {
  readonly teams: readonly string[];
  readonly person: string | null;
  readonly key: string;
}

/** Which requests a list may show; null: all of them. */
export async function sight(em: EntityManager, caller: Caller): Promise<Sight | null> {
  if (seesAll(caller, 'approvals.read')) return null;
  const teams = caller.kind === 'service' ? [caller.team ?? ''] : teamsWhere(caller, 'approvals.read');
  return { teams: await teamsDownwards(em, teams), person: caller.person, key: caller.key };
}
