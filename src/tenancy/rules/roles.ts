/** The roles a person can hold in a team; a role held in a team holds in all its descendants. */
export const ROLES = [
  'owner',
  'admin',
  'manager',
  'director',
  'vp',
  'finance',
  'compliance_officer',
  'auditor',
  'member',
  'viewer',
] as const;

export type Role = (typeof ROLES)[number];
