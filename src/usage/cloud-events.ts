import { isRecord } from './event-fields.ts';
import { invalid, type Rejection } from './rejection.ts';

/** The `type` of a CloudEvent that tells of usage. */
export const CLOUD_EVENT_TYPE = 'countersign.usage';
const SPEC_VERSION = '1.0';

/**
 * Takes the usage event out of a CloudEvent (CloudEvents 1.0, JSON format 3.2): `id` and `source` are the envelope's, and so
 * are the user (`subject`) and the time where `data` leaves them out.
 */
export function unwrapCloudEvent(raw: unknown): { readonly event: object } | Rejection {
  if (!isRecord(raw)) return invalid('', 'must be a CloudEvent');
  const { specversion, type, id, source, time, subject, data } = raw;
  if (specversion !== SPEC_VERSION) return invalid('specversion', `must be "${SPEC_VERSION}"`);
  if (type !== CLOUD_EVENT_TYPE) return invalid('type', `must be "${CLOUD_EVENT_TYPE}"`);
  if (source === undefined) return invalid('source', 'is required');
  if (!isRecord(data)) return invalid('data', 'must be an object');
  for (const name of ['id', 'source'])
    if (name in data) return invalid(`data.${name}`, 'belongs to the CloudEvent, not into its data');
  const filled = {
    ...(time === undefined ? {} : { occurred_at: time }),
    ...(subject === undefined ? {} : { user_id: subject }),
  };
  return { event: { ...filled, ...data, id, source } };
}
