import type { EntityManager } from '@mikro-orm/postgresql';
import { ApprovalRow } from '../approvals/entities.ts';
import { Webhook } from '../notify/entities.ts';
import type { AskedOf, DeniedObject } from '../platform/http/denials.ts';
import { isUuid } from '../platform/ids.ts';
import { ApiKey, Team } from '../tenancy/entities.ts';

type Finder = (em: EntityManager, organization: string, id: string) => Promise<DeniedObject | null>;

interface Kind {
  /** Of the routes whose address names such a thing. */
  readonly pattern: RegExp;
  readonly parameter: string;
  readonly find: Finder;
}

const KINDS: readonly Kind[] = [
  // Behind a mailed link stands a request, whose id the page gives.
  { pattern: /\/approvals\/\{id\}|\/r\/\{token\}/, parameter: 'id', find: findApproval },
  { pattern: /\/api-keys\/\{id\}/, parameter: 'id', find: findKey },
  { pattern: /\/webhooks\/\{id\}/, parameter: 'id', find: findWebhook },
  { pattern: /\/teams\/\{team\}/, parameter: 'team', find: findTeam },
];

/** What the ids in a refused request's address lead to, among what the caller's own organization has. */
export async function findDenied(
  em: EntityManager,
  organization: string,
  { route, params }: AskedOf,
): Promise<DeniedObject | null> {
  const kind = KINDS.find(({ pattern }) => pattern.test(route));
  const id = kind && params[kind.parameter];
  return kind && id !== undefined ? kind.find(em, organization, id) : null;
}

async function findApproval(em: EntityManager, organization: string, id: string): Promise<DeniedObject | null> {
  const row = isUuid(id) ? await em.findOne(ApprovalRow, { organization, id }) : null;
  return row && { type: 'approval', id: row.id, team: row.team };
}

async function findKey(em: EntityManager, organization: string, id: string): Promise<DeniedObject | null> {
  const row = isUuid(id) ? await em.findOne(ApiKey, { organization, id }) : null;
  return row && { type: 'api_key', id: row.id, team: row.team ?? null };
}

async function findWebhook(em: EntityManager, organization: string, id: string): Promise<DeniedObject | null> {
  const row = isUuid(id) ? await em.findOne(Webhook, { organization, id }) : null;
  return row && { type: 'webhook', id: row.id, team: null };
}

async function findTeam(em: EntityManager, organization: string, alias: string): Promise<DeniedObject | null> {
  const row = await em.findOne(Team, { organization, alias });
  return row && { type: 'team', id: row.id, team: row.id };
}
