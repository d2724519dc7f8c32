import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import type { Random } from './random.ts';

/** From these amounts on, in dollars, the manager and the director are asked. */
const THRESHOLDS = { manager: 500, director: 5_000 } as const;
const LARGEST_AMOUNT = 90_000;

/** Whoever asks in this team, and whoever decides on it. */
export interface Requester {
  readonly id: string;
  readonly team: string;
  readonly manager: Approver;
  readonly director: Approver;
}

export interface Approver {
  readonly id: string;
  readonly key: string;
}

/** Teams with people in them, made over HTTP. */
export interface MadeOrganization {
  /** A service's key, which asks in anybody's name. */
  readonly serviceKey: string;
  readonly requesters: readonly Requester[];
}

const madeKey = z.object({ key: z.string() });

/** Makes teams of one director, two managers and four requesters, who ask their manager first and the director second. */
export async function makeOrganization(api: ApiClient, ownerKey: string, teams: number): Promise<MadeOrganization> {
  const need = (method: 'POST' | 'PUT', path: string, body: object) => api.need(method, path, { key: ownerKey, body });
  const member = (team: string, user: string, roles: string[], manager?: string) =>
    need('PUT', `/api/v1/teams/${team}/members/${user}`, {
      name: `Name of ${user}`,
      email: `${user}@bench.test`,
      roles,
      ...(manager ? { manager_id: manager } : {}),
    });
  const approver = async (team: string, user: string, role: string): Promise<Approver> => {
    await member(team, user, [role]);
    return { id: user, key: madeKey.parse(await need('POST', '/api/v1/api-keys', { user_id: user })).key };
  };
  const requesters: Requester[] = [];
  for (let index = 0; index < teams; index += 1) {
    const team = `team-${index}`;
    await need('POST', '/api/v1/teams', { id: team, name: `Team ${index}`, currency: 'USD' });
    await need('PUT', `/api/v1/teams/${team}/billing/settings`, {
      approval_hierarchy: Object.entries(THRESHOLDS).map(([role, threshold]) => ({ role, threshold })),
    });
    const director = await approver(team, `director-${index}`, 'director');
    const managers = [
      await approver(team, `manager-${index}-a`, 'manager'),
      await approver(team, `manager-${index}-b`, 'manager'),
    ];
    for (const [place, manager] of [...managers, ...managers].entries()) {
      const id = `requester-${index}-${place}`;
      await member(team, id, ['member'], manager.id);
      requesters.push({ id, team, manager, director });
    }
  }
  const { key: serviceKey } = madeKey.parse(
    await need('POST', '/api/v1/api-keys', { service_name: 'bench', scopes: ['approvals:read', 'approvals:write'] }),
  );
  return { serviceKey, requesters };
}

/** A request that goes through both stages. */
export function twoStageRequest({ id, team }: Requester, random: Random): object {
  const amount = random.int(THRESHOLDS.director, LARGEST_AMOUNT);
  return {
    team_id: team,
    kind: 'spend',
    requester_id: id,
    title: `Tokens for ${random.int(1, 1_000_000)}`,
    description: 'A larger budget for the evaluation of the next model.',
    amount: { value: `${amount}.00`, currency: 'USD' },
  };
}
