import { isCurrency } from '../platform/currency.ts';
import { ALIAS, ALIAS_RULE } from '../platform/http/schemas.ts';
import { isWellFormed } from '../platform/well-formed.ts';
import type { TokenKind } from './rules/token-kinds.ts';

/** Larger than any call, and than whatever a provider counts together; what is beyond is a mistake. */
export const MAX_TOKENS = 1_000_000_000;
const DAY_MS = 86_400_000;
const MAX_METADATA_BYTES = 4_096;

/** Says what is wrong with a value; null: nothing. */
type Check = (value: unknown) => string | null;

export interface EventField {
  readonly check: Check;
  /** JSON Schema, for the reference. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required?: true;
}

/** What providers call themselves and their models; neither spaces nor control characters. */
const NAME = /^[\x21-\x7e]{1,200}$/;
const EVENT_ID = /^[\x20-\x7e]{1,256}$/;
const DECIMAL = /^\d{1,15}(\.\d{1,12})?$/;
const TIME = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

const alias = matches(ALIAS, ALIAS_RULE);
const aliasSchema = { type: 'string', pattern: ALIAS.source };
const wholeNumber =
  (max: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
      ? null
      : `must be a whole number from 0 to ${max}`;
const isBoolean: Check = (value) => (typeof value === 'boolean' ? null : 'must be true or false');

const tokenCount = { check: wholeNumber(MAX_TOKENS), schema: { type: 'integer', minimum: 0, maximum: MAX_TOKENS } };
const tokenFields = {
  input_tokens: tokenCount,
  cached_input_tokens: tokenCount,
  cache_write_tokens: tokenCount,
  cache_write_1h_tokens: tokenCount,
  input_audio_tokens: tokenCount,
  cached_audio_tokens: tokenCount,
  input_image_tokens: tokenCount,
  cached_image_tokens: tokenCount,
  input_video_tokens: tokenCount,
  cached_video_tokens: tokenCount,
  output_tokens: tokenCount,
  reasoning_tokens: tokenCount,
  output_audio_tokens: tokenCount,
  output_image_tokens: tokenCount,
  output_video_tokens: tokenCount,
} satisfies Record<TokenKind, EventField>;

/**
 * The one table of what a usage event may say: events are checked with it and the reference shows it. Checked by hand and
 * not by zod, which takes four times as long: thousands of them come in one request.
 */
export const EVENT_FIELDS = {
  id: {
    required: true,
    check: matches(EVENT_ID, 'must be 1 to 256 printable ASCII characters'),
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      description: 'Together with `source`, what makes the event one of its kind. The same once more counts once.',
    },
  },
  source: {
    check: matches(EVENT_ID, 'must be 1 to 256 printable ASCII characters'),
    schema: { type: 'string', minLength: 1, maxLength: 256, default: 'default' },
  },
  team_id: { required: true, check: alias, schema: aliasSchema },
  user_id: { required: true, check: alias, schema: aliasSchema },
  provider: {
    required: true,
    check: matches(NAME, 'must be 1 to 200 printable ASCII characters without spaces'),
    schema: { type: 'string', pattern: NAME.source, examples: ['openai'] },
  },
  model: {
    check: matches(NAME, 'must be 1 to 200 printable ASCII characters without spaces'),
    schema: {
      type: 'string',
      pattern: NAME.source,
      examples: ['gpt-4o'],
      description: 'May be left out where `response` names it.',
    },
  },
  ...tokenFields,
  response: {
    check: isObject,
    schema: {
      type: 'object',
      description:
        'Instead of token counts: the provider’s answer as it came, of which only `model`, `service_tier` and the usage are read and nothing else is stored.',
    },
  },
  batch: {
    check: isBoolean,
    schema: {
      type: 'boolean',
      default: false,
      description: 'Whether the provider’s batch API was used, which has prices of its own.',
    },
  },
  cost: {
    check: isAmount,
    schema: {
      type: 'object',
      required: ['value', 'currency'],
      additionalProperties: false,
      properties: {
        value: { type: 'string', pattern: DECIMAL.source },
        currency: { type: 'string', pattern: '^[A-Z]{3}$' },
      },
      description: 'Left out, the price list of that day prices it.',
    },
  },
  latency_ms: {
    check: isLatency,
    schema: { type: 'number', minimum: 0, maximum: DAY_MS, description: 'Kept as whole milliseconds.' },
  },
  success: { check: isBoolean, schema: { type: 'boolean', default: true } },
  occurred_at: { required: true, check: isTime, schema: { type: 'string', format: 'date-time' } },
  metadata: {
    check: isMetadata,
    schema: {
      type: 'object',
      description: `At most ${MAX_METADATA_BYTES} bytes. Compared when the same id comes again, and not kept.`,
    },
  },
} as const satisfies Readonly<Record<string, EventField>>;

export type EventFieldName = keyof typeof EVENT_FIELDS;

/** The JSON Schema of an event. What may be left out may be null as well: many who write JSON say so. */
export const EVENT_SCHEMA = {
  type: 'object',
  required: Object.entries(EVENT_FIELDS)
    .filter(([, field]) => 'required' in field)
    .map(([name]) => name),
  properties: Object.fromEntries(
    Object.entries(EVENT_FIELDS).map(([name, field]) => [
      name,
      'required' in field ? field.schema : { ...field.schema, type: [field.schema.type, 'null'] },
    ]),
  ),
  additionalProperties: false,
} as const;

function matches(pattern: RegExp, message: string): Check {
  return (value) => (typeof value === 'string' && pattern.test(value) ? null : message);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLatency(value: unknown): string | null {
  return typeof value === 'number' && value >= 0 && value <= DAY_MS ? null : `must be a number from 0 to ${DAY_MS}`;
}

function isObject(value: unknown): string | null {
  return isRecord(value) ? null : 'must be an object';
}

function isMetadata(value: unknown): string | null {
  if (!isRecord(value)) return 'must be an object';
  if (!isWellFormed(value)) return 'must be well-formed Unicode: half of a surrogate pair stands alone';
  return Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES
    ? null
    : `must not be larger than ${MAX_METADATA_BYTES} bytes`;
}

function isAmount(value: unknown): string | null {
  const message =
    'must be { "value": "0.0123", "currency": "USD" }: a decimal number of at most 15 digits before and 12 after the point, without a sign, and an ISO 4217 code';
  if (!isRecord(value) || Object.keys(value).length !== 2) return message;
  const { value: amount, currency } = value;
  return typeof amount === 'string' && DECIMAL.test(amount) && typeof currency === 'string' && isCurrency(currency)
    ? null
    : message;
}

function isTime(value: unknown): string | null {
  const message = 'must be an RFC 3339 time such as 2026-11-23T09:00:00Z';
  const parts = typeof value === 'string' ? TIME.exec(value) : null;
  if (typeof value !== 'string' || !parts || Number.isNaN(Date.parse(value))) return message;
  // JavaScript takes the 30th of February for the 2nd of March.
  const [, year, month, day] = parts;
  return Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate() ? null : message;
}
