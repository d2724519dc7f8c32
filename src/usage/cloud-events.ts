import { isRecord } from './event-fields.ts';
import { invalid, type Rejection } from './rejection.ts';

const SPEC_VERSION = '1.0';

/**
 * Takes the usage event out of a CloudEvent (CloudEvents 1.0, JSON format 3.2): `id` and `source` are the envelope's, and so
 * are the user (`subject`) and the time where `data` leaves them out. Its `type` may be whatever the sender calls it.
 */
export function unwrapCloudEvent(raw: unknown): { readonly event: object } | Rejection {
  if (!isRecord(raw)) return invalid('', 'must be a CloudEvent');
  const { specversion, type, id, source, time, subject, data } = raw;
  if (specversion !== SPEC_VERSION) return invalid('specversion', `must be "${SPEC_VERSION}"`);
  if (typeof type !== 'string' || type === '') return invalid('type', 'must be a string that is not empty');
  if (source === undefined) return invalid('source', 'is required');
  if (!isRecord(data)) return invalid('data', 'must be an object');
  for (const [name, value] of Object.entries({ id, source }))
    if (name in data && data[name] !== value)
      return invalid(`data.${name}`, 'must be what the CloudEvent says, or be left out');
  const filled = {
    ...((time ?? null) === null ? {} : { occurred_at: time }),
    ...((subject ?? null) === null ? {} : { user_id: subject }),
  };
  return { event: { ...filled, ...data, id, source } };
}
