import { type PolicyDef, p } from '@mikro-orm/core';

/** The PostgreSQL roles, all NOLOGIN: a login is a member of what it may be, and steps into it when it connects. */
export const DATABASE_ROLES = {
  /** Owns every table; migrations run as it. */
  owner: 'countersign_owner',
  /** What API and worker run as: cannot bypass row-level security. */
  app: 'countersign_app',
  /** What the outbox relay runs as: sees the outbox of every organization, and nothing else. */
  relay: 'countersign_relay',
  /** What the sealing of the audit log runs as: sees the log of every organization, adds to its proofs, and nothing else. */
  sealer: 'countersign_sealer',
} as const;

export const SCHEMA = 'countersign';
/** Keys live apart from what they open, so that a dump of one schema is unreadable without the other. */
export const KEYRING_SCHEMA = 'keyring';

/** The session variable that says whose rows may be seen. Set at every BEGIN; unset, nothing is seen. */
export const ORGANIZATION_VARIABLE = 'app.organization';

const currentOrganization = `nullif(current_setting('${ORGANIZATION_VARIABLE}', true), '')::uuid`;

function ownRowsOnly(column: string): PolicyDef[] {
  const own = `${column} = ${currentOrganization}`;
  return [
    { name: 'organization', roles: [DATABASE_ROLES.app], using: own, check: own },
    // Without a policy of its own the owner would change no row in a data migration, in silence.
    { name: 'owner', roles: [DATABASE_ROLES.owner], using: 'true', check: 'true' },
  ];
}

/** Options of a table whose every row belongs to one organization. */
export function tenantTable(extra: PolicyDef[] = [], column = 'organization_id', schema: string = SCHEMA) {
  return { schema, rowLevelSecurity: 'force' as const, policies: [...ownRowsOnly(column), ...extra] };
}

/** The columns that every such table has. */
export const tenantColumns = {
  id: p.uuid().primary(),
  organization: p.uuid().fieldName('organization_id'),
};
