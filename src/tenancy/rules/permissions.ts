import { ROLES, type Role } from './roles.ts';

/** What a key can be limited to. */
export const SCOPES = [
  'approvals:read',
  'approvals:write',
  'approvals:decide',
  'usage:write',
  'reservations:write',
  'billing:read',
  'billing:write',
  'governance:decide',
  'governance:write',
  'privacy',
  'audit:read',
  'reports',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a service key may do when nothing else is said. */
export const DEFAULT_SERVICE_SCOPES: readonly Scope[] = [
  'approvals:read',
  'approvals:write',
  'usage:write',
  'reservations:write',
  'governance:decide',
];

interface PermissionRule {
  readonly scope: Scope;
  /** Roles that have it in the team they are held in, and below. */
  readonly roles: readonly Role[];
  readonly meaning: string;
}

const ADMINS: readonly Role[] = ['owner', 'admin'];
const ASKERS: readonly Role[] = [
  'owner',
  'admin',
  'manager',
  'director',
  'vp',
  'finance',
  'compliance_officer',
  'member',
];
const FINANCE: readonly Role[] = [...ADMINS, 'finance'];

/** The one table of what each role may do. Everybody who is asked in an approval may decide on it, whatever the role. */
export const PERMISSIONS = {
  'teams.read': { scope: 'approvals:read', roles: ROLES, meaning: 'See the team' },
  'teams.manage': { scope: 'admin', roles: ADMINS, meaning: 'Make teams, put people into them, give roles' },
  'organization.manage': {
    scope: 'admin',
    roles: ADMINS,
    meaning: 'Change settings, calendars and webhooks (held in the organization’s root)',
  },
  'people.manage': {
    scope: 'admin',
    roles: ADMINS,
    meaning:
      'Change somebody’s address, make keys for them, enter an absence for them (held in the organization’s root)',
  },
  'absences.end': { scope: 'admin', roles: ADMINS, meaning: 'End somebody else’s absence' },
  'approvals.request': { scope: 'approvals:write', roles: ASKERS, meaning: 'Ask for an approval for oneself' },
  'approvals.request-for-others': {
    scope: 'approvals:write',
    roles: ADMINS,
    meaning: 'Ask for an approval in somebody’s name',
  },
  'approvals.read': {
    scope: 'approvals:read',
    roles: [...FINANCE, 'compliance_officer', 'auditor', 'viewer'],
    meaning: 'See every approval of the team (others see what concerns them)',
  },
  'approvals.manage': { scope: 'approvals:write', roles: ADMINS, meaning: 'Withdraw, reassign and remind for others' },
  'billing.read': {
    scope: 'billing:read',
    roles: [...FINANCE, 'manager', 'director', 'vp', 'auditor', 'viewer'],
    meaning: 'See spending, budgets and settings',
  },
  'billing.manage': {
    scope: 'billing:write',
    roles: FINANCE,
    meaning: 'Change billing settings and the approval hierarchy',
  },
  'usage.report': { scope: 'usage:write', roles: ASKERS, meaning: 'Report one’s own usage' },
  'usage.report-for-others': { scope: 'usage:write', roles: ADMINS, meaning: 'Report usage in somebody’s name' },
  'reservations.make': { scope: 'reservations:write', roles: ASKERS, meaning: 'Reserve budget for one’s own calls' },
  'reservations.make-for-others': {
    scope: 'reservations:write',
    roles: ADMINS,
    meaning: 'Reserve budget for somebody else’s calls',
  },
  'privacy.manage': {
    scope: 'privacy',
    roles: [...ADMINS, 'compliance_officer'],
    meaning: 'Run privacy requests and legal holds',
  },
  'audit.read': {
    scope: 'audit:read',
    roles: [...ADMINS, 'auditor', 'compliance_officer'],
    meaning: 'Read the audit log of the team, prove its entries; held in the organization’s root, export it',
  },
  'audit.manage': {
    scope: 'admin',
    roles: ADMINS,
    meaning: 'Have the audit log sent to other systems, register its witnesses (held in the organization’s root)',
  },
  'reports.read': {
    scope: 'reports',
    roles: [...ADMINS, 'auditor', 'compliance_officer', 'finance'],
    meaning: 'Make and read reports',
  },
} as const satisfies Readonly<Record<string, PermissionRule>>;

export type Permission = keyof typeof PERMISSIONS;

/** Whether one of the roles has the permission. */
export function rolesAllow(roles: Iterable<string>, permission: Permission): boolean {
  const allowed: readonly string[] = PERMISSIONS[permission].roles;
  for (const role of roles) if (allowed.includes(role)) return true;
  return false;
}

/** The scopes that a person with these roles can make use of at all. */
export function scopesOfRoles(roles: ReadonlySet<string>): Scope[] {
  const usable = new Set<Scope>(['approvals:read', 'approvals:decide']);
  for (const rule of Object.values(PERMISSIONS)) if (rule.roles.some((role) => roles.has(role))) usable.add(rule.scope);
  if (ASKERS.some((role) => roles.has(role))) for (const scope of DEFAULT_SERVICE_SCOPES) usable.add(scope);
  if (ADMINS.some((role) => roles.has(role))) return [...SCOPES];
  return SCOPES.filter((scope) => usable.has(scope));
}

/** What is left of a person's key: never more than the person may at this moment, whatever it was made with. */
export function effectiveScopes(ofKey: readonly string[], roles: ReadonlySet<string>): Scope[] {
  return scopesOfRoles(roles).filter((scope) => ofKey.includes(scope));
}
