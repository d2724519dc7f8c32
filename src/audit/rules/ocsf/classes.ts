/** The classes of events that entries become (schema.ocsf.io, 1.3.0). */
export const CLASSES = {
  finding: { category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding' },
  authentication: {
    category_uid: 3,
    category_name: 'Identity & Access Management',
    class_uid: 3002,
    class_name: 'Authentication',
  },
  entity: {
    category_uid: 3,
    category_name: 'Identity & Access Management',
    class_uid: 3004,
    class_name: 'Entity Management',
  },
  api: { category_uid: 6, category_name: 'Application Activity', class_uid: 6003, class_name: 'API Activity' },
} as const;

export type OcsfClass = keyof typeof CLASSES;

interface Activity {
  readonly activity_id: number;
  readonly activity_name: string;
}

interface Acted {
  readonly action: string;
  readonly resource: { readonly type: string; readonly ref: string };
}

const CREATE: Activity = { activity_id: 1, activity_name: 'Create' };
const READ: Activity = { activity_id: 2, activity_name: 'Read' };
const UPDATE: Activity = { activity_id: 3, activity_name: 'Update' };
const DELETE: Activity = { activity_id: 4, activity_name: 'Delete' };
const LOGON: Activity = { activity_id: 1, activity_name: 'Logon' };
const LOGOFF: Activity = { activity_id: 2, activity_name: 'Logoff' };

/** By the last word of an action; every other one changes something that is there. */
const ENTITY_ACTIVITIES: Readonly<Record<string, Activity>> = {
  made: CREATE,
  created: CREATE,
  added: CREATE,
  requested: CREATE,
  mailed: CREATE,
  sent: CREATE,
  archived: CREATE,
  read: READ,
  exported: READ,
  removed: DELETE,
  revoked: DELETE,
  deleted: DELETE,
  ended: DELETE,
  disabled: DELETE,
};
const API_ACTIVITIES: Readonly<Record<string, Activity>> = {
  GET: READ,
  HEAD: READ,
  POST: CREATE,
  PUT: UPDATE,
  PATCH: UPDATE,
  DELETE,
};

/** Something is not as it should be. */
const FINDINGS: ReadonlySet<string> = new Set(['audit.finding', 'audit.entries_missing']);

/** What kind of event an entry is. */
export function classOf({ action, resource }: Acted): OcsfClass {
  if (FINDINGS.has(action)) return 'finding';
  if (resource.type === 'session') return 'authentication';
  return resource.type === 'route' ? 'api' : 'entity';
}

/** What was done, as the class puts it. */
export function activityOf(name: OcsfClass, { action, resource }: Acted): Activity {
  switch (name) {
    case 'finding':
      return CREATE;
    case 'authentication':
      return action.endsWith('.ended') ? LOGOFF : LOGON;
    case 'api':
      return API_ACTIVITIES[resource.ref.split(' ')[0] ?? ''] ?? { activity_id: 99, activity_name: 'Other' };
    case 'entity':
      return ENTITY_ACTIVITIES[/[a-z]+$/.exec(action)?.[0] ?? ''] ?? UPDATE;
  }
}
