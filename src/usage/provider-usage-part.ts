import { canonicalJson, type JsonValue } from '../platform/canonical-json.ts';
import { isRecord } from './event-fields.ts';

/** Where providers say in their answers what a call has used, and what it was priced by. */
const TELLING = new Set([
  'model',
  'modelVersion',
  'service_tier',
  'usage',
  'usageMetadata',
  'usage_info',
  'meta',
  'tokenUsage',
]);
/** What some answers come wrapped in. */
const WRAPPINGS = ['response', 'result'];
/** Deeper than any of them tells anything. */
const DEPTH = 6;

/**
 * So much of a provider's answer as says what was used, in one way of writing: what an event is compared by when it comes again.
 * Not what is read out of it, since a later version of this program may read more.
 */
export function usagePartOf(body: object): string {
  const outer = tellingOf(body);
  const inner = WRAPPINGS.flatMap((name) => {
    const wrapped = (body as Readonly<Record<string, unknown>>)[name];
    return isRecord(wrapped) ? [[name, tellingOf(wrapped)] as const] : [];
  });
  return canonicalJson({ ...outer, ...Object.fromEntries(inner) });
}

function tellingOf(body: object): { readonly [name: string]: JsonValue } {
  return Object.fromEntries(
    Object.entries(body)
      .filter(([name]) => TELLING.has(name))
      .map(([name, value]) => [name, plain(value, DEPTH)]),
  );
}

/** What can be written in one way only; whoever sends something else, or deeper, is not told it apart. */
function plain(value: unknown, depth: number): JsonValue {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean') return value;
  if (depth === 0 || typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return value.map((item) => plain(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.toWellFormed(), plain(member, depth - 1)]),
  );
}
