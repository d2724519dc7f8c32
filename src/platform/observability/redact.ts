const REDACTED = '[redacted]';
/** Deeper than anything that is logged; ends a value that holds itself. */
const MAX_DEPTH = 6;

/** Members that may hold a secret, or something personal that somebody wrote, wherever they stand in a line. */
const SENSITIVE: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'setcookie',
  'key',
  'apikey',
  'ownerkey',
  'bootstrapkey',
  'secretkey',
  'token',
  'secret',
  'password',
  'email',
  'to',
  'from',
  'address',
  'name',
  'servicename',
  'alias',
  'title',
  'description',
  'comment',
  'reason',
  'context',
  'metadata',
  'subject',
  'text',
  'html',
  'body',
  'answer',
  'detail',
  'headers',
  'query',
  'parameters',
  'params',
  'url',
  'uri',
  'link',
  'href',
  'path',
]);

/**
 * A copy of a log line's members without what nobody should read there. A name counts whatever its case and separators
 * (`set-cookie`, `apiKey`, `api_key`), at any depth, in lists too. Errors are left to their serializer.
 */
export function redact(line: object): Record<string, unknown> {
  return redactMembers(line, 0);
}

function redactMembers(value: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSensitive(name, member) ? REDACTED : redactValue(member, depth + 1),
    ]),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Date) return value;
  if (depth > MAX_DEPTH) return REDACTED;
  return Array.isArray(value) ? value.map((item) => redactValue(item, depth + 1)) : redactMembers(value, depth);
}

/** Numbers say nothing about anybody. */
function isSensitive(name: string, value: unknown): boolean {
  return typeof value !== 'number' && value != null && SENSITIVE.has(name.replaceAll(/[-_]/g, '').toLowerCase());
}
