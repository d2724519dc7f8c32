import { z } from 'zod';
import type { DemoApi } from './api.ts';
import { DemoProblem } from './problem.ts';

/** Everybody in the demo is invented. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: 'member' | 'manager' | 'director' | 'vp';
}

export const TEAM = { id: 'demo', name: 'Language models', currency: 'USD' } as const;

const person = (id: string, name: string, role: Person['role']): Person => ({
  id: `demo-${id}`,
  name,
  email: `${id}@demo.example`,
  role,
});

export const CAST = {
  requester: person('priya', 'Priya Raman', 'member'),
  manager: person('tomas', 'Tomás Oliveira', 'manager'),
  director: person('ingrid', 'Ingrid Solberg', 'director'),
  vp: person('kwame', 'Kwame Mensah', 'vp'),
} as const;

export const HIERARCHY = [
  { role: 'manager', threshold: 500 },
  { role: 'director', threshold: 2000 },
  { role: 'vp', threshold: 10_000 },
] as const;

const ALREADY_THERE = 409;

/** Makes the team and its people, or finds those of an earlier demo. */
export async function assemble(api: DemoApi): Promise<void> {
  // The first answer also tells a wrong key from a right one.
  await api.need(z.unknown(), 'GET', '/api/v1/teams?limit=1');
  const made = await api.send('POST', '/api/v1/teams', TEAM);
  if (made.status !== 201 && made.status !== ALREADY_THERE)
    throw new DemoProblem('This key may not make a team. Use the operator’s key.');
  for (const { id, name, email, role } of Object.values(CAST)) {
    await api.need(z.unknown(), 'PUT', `/api/v1/teams/${TEAM.id}/members/${id}`, { name, email, roles: [role] });
  }
  await api.need(z.unknown(), 'PUT', `/api/v1/teams/${TEAM.id}/billing/settings`, {
    approval_hierarchy: HIERARCHY,
    approval_hierarchy_mode: 'cumulative',
  });
}

export function personOf(id: string | null | undefined): Person | null {
  return Object.values(CAST).find((one) => one.id === id) ?? null;
}
