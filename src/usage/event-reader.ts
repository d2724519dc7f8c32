import { canonicalJson, type JsonValue } from '../platform/canonical-json.ts';
import { type Amount, exactly } from '../platform/money.ts';
import type { FieldError } from '../platform/errors.ts';
import { EVENT_FIELDS, type EventFieldName, isRecord, MAX_TOKENS } from './event-fields.ts';
import { readProviderBody } from './provider-bodies.ts';
import { usagePartOf } from './provider-usage-part.ts';
import { invalid, Rejection } from './rejection.ts';
import { ALL_TOKEN_KINDS, takeApart, type TokenCounts } from './rules/token-kinds.ts';

/** A valid event. Team and user are the ids that the caller chose. */
export interface UsageEvent {
  readonly id: string;
  readonly source: string;
  readonly team: string;
  readonly user: string;
  readonly provider: string;
  readonly model: string;
  readonly tokens: TokenCounts;
  readonly batched: boolean;
  /** Null: one that price lists tell the price of. */
  readonly serviceTier: string | null;
  /** What was said of the call where a provider's answer came with it: what is told beside it, and its usage as it stands there. */
  readonly answer: { readonly model: string | null; readonly batched: boolean | null; readonly usage: string } | null;
  readonly cost: { readonly value: Amount; readonly currency: string } | null;
  readonly latencyMs: number | null;
  readonly success: boolean;
  readonly occurredAt: Date;
  /** As canonical JSON: whatever order its members came in. Null where there is none. */
  readonly metadata: string | null;
}

export const DEFAULT_SOURCE = 'default';
const DAY_MS = 86_400_000;
/** Later than this, a period may have been reported already. */
export const MAX_LATE_DAYS = 90;
/** Clocks differ a little. */
const MAX_AHEAD_MS = 600_000;
const MAX_ERRORS = 5;

const REQUIRED = (Object.keys(EVENT_FIELDS) as EventFieldName[]).filter((name) => 'required' in EVENT_FIELDS[name]);

/** What `EVENT_FIELDS` has checked. */
interface CheckedEvent extends Readonly<Partial<Record<(typeof ALL_TOKEN_KINDS)[number], number | null>>> {
  readonly id: string;
  readonly source?: string | null;
  readonly team_id: string;
  readonly user_id: string;
  readonly provider: string;
  readonly model?: string | null;
  readonly response?: object | null;
  readonly batch?: boolean | null;
  readonly cost?: { readonly value: string; readonly currency: string } | null;
  readonly latency_ms?: number | null;
  readonly success?: boolean | null;
  readonly occurred_at: string;
  readonly metadata?: { readonly [name: string]: JsonValue } | null;
}

/** Reads an event as it came. @param now the moment it came */
export function readEvent(raw: unknown, now: Date): UsageEvent | Rejection {
  if (!isRecord(raw)) return invalid('', 'must be an object');
  const errors = errorsIn(raw);
  if (errors.length > 0) return new Rejection('invalid-request', errors);
  const event = raw as object as CheckedEvent;
  const occurredAt = new Date(event.occurred_at);
  if (occurredAt.getTime() > now.getTime() + MAX_AHEAD_MS) return invalid('occurred_at', 'must not be in the future');
  if (occurredAt.getTime() < now.getTime() - MAX_LATE_DAYS * DAY_MS)
    return invalid('occurred_at', `must not be more than ${MAX_LATE_DAYS} days ago`);
  const counted = countsOf(event);
  if (counted instanceof Rejection) return counted;
  const { model, tokens, batched, serviceTier } = counted;
  return {
    id: event.id,
    source: event.source ?? DEFAULT_SOURCE,
    team: event.team_id,
    user: event.user_id,
    provider: event.provider,
    model,
    tokens,
    batched,
    serviceTier,
    answer: event.response
      ? { model: event.model ?? null, batched: event.batch ?? null, usage: usagePartOf(event.response) }
      : null,
    cost: event.cost ? { value: exactly(event.cost.value), currency: event.cost.currency } : null,
    latencyMs: typeof event.latency_ms === 'number' ? Math.round(event.latency_ms) : null,
    success: event.success ?? true,
    occurredAt,
    metadata: event.metadata ? canonicalJson(event.metadata) : null,
  };
}

function errorsIn(raw: Readonly<Record<string, unknown>>): FieldError[] {
  const errors: FieldError[] = [];
  for (const name in raw) {
    if (errors.length >= MAX_ERRORS) return errors;
    const value = raw[name];
    if (value === undefined || (value === null && isOptional(name))) continue;
    const message = Object.hasOwn(EVENT_FIELDS, name)
      ? EVENT_FIELDS[name as EventFieldName].check(value)
      : 'is not a known field';
    if (message !== null) errors.push({ path: name.slice(0, 64), message });
  }
  for (const name of REQUIRED) if (raw[name] === undefined) errors.push({ path: name, message: 'is required' });
  return errors;
}

function isOptional(name: string): boolean {
  return Object.hasOwn(EVENT_FIELDS, name) && !('required' in EVENT_FIELDS[name as EventFieldName]);
}

interface Counted {
  readonly model: string;
  readonly tokens: TokenCounts;
  readonly batched: boolean;
  readonly serviceTier: string | null;
}

/** The token counts, whoever says them: the event itself, or the provider's answer that it brings. */
function countsOf(event: CheckedEvent): Counted | Rejection {
  const given = givenTokens(event);
  if (!event.response) {
    for (const name of ['model', 'input_tokens', 'output_tokens'] as const)
      if ((event[name] ?? null) === null) return invalid(name, 'is required where there is no `response`');
    return agreeing({ model: event.model!, tokens: given, batched: event.batch ?? false, serviceTier: null });
  }
  if (Object.keys(given).length > 0)
    return invalid('response', 'must not come together with token counts: give one or the other');
  const read = readProviderBody(event.provider, event.response);
  if (!read) return invalid('response', 'has no usage that is known of this provider: give the token counts instead');
  const model = event.model ?? read.model;
  if (model === null) return invalid('model', 'is required: the response does not name it');
  if (EVENT_FIELDS.model.check(model) !== null)
    return invalid('response', 'names a model that cannot be stored: give `model`');
  for (const [kind, count] of Object.entries(read.tokens))
    if (!Number.isInteger(count) || count < 0 || count > MAX_TOKENS)
      return invalid('response', `has ${kind} that are no whole number from 0 to ${MAX_TOKENS}`);
  return { model, tokens: read.tokens, batched: event.batch ?? read.batched, serviceTier: read.serviceTier };
}

function givenTokens(event: CheckedEvent): TokenCounts {
  const tokens: { -readonly [Kind in keyof TokenCounts]: TokenCounts[Kind] } = {};
  for (const kind of ALL_TOKEN_KINDS) {
    const count = event[kind];
    if (typeof count === 'number') tokens[kind] = count;
  }
  return tokens;
}

/**
 * Refuses counts that contradict each other: whoever counts can count again. A provider's answer says what was spent as well as
 * it is known; it is booked, and waits for a price.
 */
function agreeing(counted: Counted): Counted | Rejection {
  const apart = takeApart(counted.tokens);
  return 'contradiction' in apart
    ? invalid(apart.contradiction, 'must count all tokens of which other counts say that they are part')
    : counted;
}
