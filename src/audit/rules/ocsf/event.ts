import type { LeafFields } from '../leaf-fields.ts';
import { activityOf, CLASSES, classOf, type OcsfClass } from './classes.ts';
import { entityOf, type OcsfEntity } from './entity.ts';

/** The version of the schema that events are written in (schema.ocsf.io). */
export const OCSF_VERSION = '1.3.0';

/** An entry as it goes to a SIEM. */
export interface StreamedEntry {
  /** The index of its leaf: the event's id. */
  readonly seq: number;
  readonly fields: LeafFields;
  /** Base64, to compare with the log. */
  readonly leafHash: string;
  /** Where it came from, where that may be sent and is still readable. */
  readonly source: { readonly address: string | null; readonly userAgent: string | null } | null;
}

export interface OcsfEvent {
  readonly class_uid: number;
  readonly activity_id: number;
  readonly type_uid: number;
  readonly severity_id: number;
  readonly metadata: {
    readonly uid: string;
    readonly version: string;
    readonly event_code: string;
    readonly [attribute: string]: unknown;
  };
  readonly [attribute: string]: unknown;
}

const PRODUCT = { name: 'Countersign', vendor_name: 'Countersign' };
const SEVERITY = { informational: 1, low: 2, medium: 3 } as const;
const STATUS = { success: { status_id: 1, status: 'Success' }, denied: { status_id: 2, status: 'Failure' } } as const;
/** OCSF account types. */
const USER_TYPES: Readonly<Record<string, { readonly type_id: number; readonly type: string }>> = {
  person: { type_id: 1, type: 'User' },
  service: { type_id: 4, type: 'Service' },
};

/**
 * An entry as an OCSF event: signing in and out as Authentication, refusals as API Activity, findings as Detection Finding,
 * everything else as Entity Management. What OCSF has no attribute for stands in `unmapped`.
 */
export function ocsfEvent(entry: StreamedEntry): OcsfEvent {
  const { seq, fields } = entry;
  const name = classOf(fields);
  const { category_uid, category_name, class_uid, class_name } = CLASSES[name];
  const activity = activityOf(name, fields);
  return {
    category_uid,
    category_name,
    class_uid,
    class_name,
    ...activity,
    type_uid: class_uid * 100 + activity.activity_id,
    severity_id: severityOf(name, fields),
    ...(name === 'finding' ? { status_id: 1, status: 'New' } : STATUS[fields.outcome]),
    time: Date.parse(fields.at),
    metadata: {
      version: OCSF_VERSION,
      product: PRODUCT,
      uid: String(seq),
      sequence: seq,
      event_code: fields.action,
      log_name: 'audit',
      tenant_uid: fields.organization,
      original_time: fields.at,
      ...(fields.request_id !== null && { correlation_uid: fields.request_id }),
    },
    ...attributesOf(name, entry),
    unmapped: {
      entry_id: fields.id,
      leaf_hash: entry.leafHash,
      outcome: fields.outcome,
      resource: fields.resource,
      detail: fields.detail,
      ...(fields.team !== null && { team_uid: fields.team }),
      ...(fields.on_behalf_of !== null && { on_behalf_of_uid: fields.on_behalf_of }),
      ...(fields.policy_version !== undefined && { policy_version: fields.policy_version }),
    },
  };
}

function attributesOf(name: OcsfClass, entry: StreamedEntry): Record<string, unknown> {
  const { fields } = entry;
  const origin = originOf(entry);
  switch (name) {
    case 'authentication':
      return {
        actor: actorOf(fields),
        user: userOf(fields),
        service: { name: PRODUCT.name },
        is_remote: true,
        ...origin,
      };
    case 'api':
      // The class requires a source; one that is not to be told is named as that.
      return {
        actor: actorOf(fields),
        api: { operation: fields.resource.ref, service: { name: PRODUCT.name } },
        src_endpoint: { name: 'withheld' },
        ...origin,
      };
    case 'finding':
      return {
        finding_info: {
          uid: fields.id,
          title: String(fields.detail['kind']),
          types: [String(fields.detail['kind'])],
          created_time: Date.parse(fields.at),
        },
        is_alert: true,
        resources: [{ uid: fields.resource.ref, type: fields.resource.type }],
      };
    case 'entity':
      return { actor: actorOf(fields), entity: entityOf(fields.resource) satisfies OcsfEntity, ...origin };
  }
}

function originOf({ source }: StreamedEntry): Record<string, unknown> {
  if (!source) return {};
  return {
    ...(source.address !== null && { src_endpoint: { ip: source.address } }),
    ...(source.userAgent !== null && { http_request: { user_agent: source.userAgent } }),
  };
}

/** The clock, a workflow or the operator act as the product itself. */
function actorOf(fields: LeafFields): Record<string, unknown> {
  const isAccount = fields.actor.type in USER_TYPES && fields.actor.ref !== null;
  return isAccount ? { user: userOf(fields) } : { app_name: PRODUCT.name, app_uid: fields.actor.type };
}

function userOf({ actor }: LeafFields): Record<string, unknown> {
  return {
    uid: actor.ref ?? actor.type,
    ...(USER_TYPES[actor.type] ?? { type_id: 99, type: actor.type }),
    ...(actor.key !== null && { credential_uid: actor.key }),
  };
}

function severityOf(name: OcsfClass, { outcome }: LeafFields): number {
  if (name === 'finding') return SEVERITY.medium;
  return outcome === 'denied' ? SEVERITY.low : SEVERITY.informational;
}
