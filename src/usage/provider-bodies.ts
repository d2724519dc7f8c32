import { extractUsage, findProvider } from '@pydantic/genai-prices';
import { CATALOGUE_KEYS } from './catalogue-keys.ts';
import { isRecord } from './event-fields.ts';
import { ALL_TOKEN_KINDS, INPUT_MEDIA, type TokenCounts, type TokenKind } from './rules/token-kinds.ts';

/** What a provider's answer says about what it has cost. */
export interface ProviderUsage {
  /** As the provider calls it, where it says so. */
  readonly model: string | null;
  readonly tokens: TokenCounts;
  /** Whether it costs what a call through the provider's batch API costs. */
  readonly batched: boolean;
  /** Null: one that price lists tell the price of. */
  readonly serviceTier: string | null;
}

/**
 * Reads the token counts out of a provider's answer, as it came over its API. A provider's APIs differ (chat, responses,
 * embeddings, ...): the one that explains most of the body is taken. Nothing else of the body is looked at.
 * @returns null where the provider is not known, or no usage is found in the body
 */
export function readProviderBody(providerId: string, body: object): ProviderUsage | null {
  const provider = findProvider({ providerId });
  let best: ReturnType<typeof extractUsage> | null = null;
  for (const { api_flavor: flavor } of provider?.extractors ?? []) {
    const read = tryFlavor(provider!, body, flavor);
    if (read && sizeOf(read) > (best ? sizeOf(best) : 0)) best = read;
  }
  if (!best) return null;
  return { model: best.model, tokens: withOverlap(tokensOf(best.usage)), ...tierOf(providerId, body) };
}

/** Tiers that cost what price lists say, or what the batch API costs. */
const LISTED = new Set<unknown>([null, undefined, 'auto', 'default', 'standard', 'flex', 'batch']);

/** The extractor throws where the body is not that of this API. */
function tryFlavor(
  provider: NonNullable<ReturnType<typeof findProvider>>,
  body: object,
  flavor: string,
): ReturnType<typeof extractUsage> | null {
  try {
    return extractUsage(provider, body, flavor);
  } catch {
    return null; // another of the provider's APIs, or none
  }
}

function sizeOf({ usage }: ReturnType<typeof extractUsage>): number {
  return Object.keys(usage).length;
}

function tokensOf(usage: Readonly<Record<string, number | undefined>>): Partial<Record<TokenKind, number>> {
  const counts = ALL_TOKEN_KINDS.map((kind) => [kind, usage[CATALOGUE_KEYS[kind].usage]] as const);
  return Object.fromEntries(counts.filter(([, count]) => count !== undefined));
}

/**
 * Where cached tokens and those of media together are more than all, some are both. Which, a provider may leave open: it is
 * clear where only one kind of media can be meant, or all of them must have been read from the cache. What stays open leaves
 * counts that contradict each other.
 */
function withOverlap(tokens: Partial<Record<TokenKind, number>>): TokenCounts {
  const of = (kind: TokenKind) => tokens[kind] ?? 0;
  const sum = (kinds: readonly TokenKind[]) => kinds.reduce((total, kind) => total + of(kind), 0);
  const media = sum(INPUT_MEDIA.map(({ all }) => all));
  const stated = sum(INPUT_MEDIA.map(({ cached }) => cached));
  const both = of('cached_input_tokens') + of('cache_write_tokens') + media - of('input_tokens') - stated;
  const open = INPUT_MEDIA.filter(({ all, cached }) => of(all) > 0 && tokens[cached] === undefined);
  if (both <= 0) return tokens;
  if (open.length > 1 && both < sum(open.map(({ all }) => all))) return tokens;
  const most = of('cached_input_tokens') - stated;
  return { ...tokens, ...Object.fromEntries(open.map(({ all, cached }) => [cached, Math.min(both, most, of(all))])) };
}

/**
 * How the call was served. Anthropic names its batch API in `usage.service_tier`; OpenAI's `flex` costs what its batch API does
 * (https://developers.openai.com/api/docs/guides/flex-processing). What its other tiers cost, price lists do not say.
 * Of other batches, the event tells.
 */
function tierOf(providerId: string, body: object): Pick<ProviderUsage, 'batched' | 'serviceTier'> {
  const inUsage = 'usage' in body && isRecord(body.usage) ? body.usage['service_tier'] : null;
  const tier = 'service_tier' in body ? body.service_tier : null;
  if (providerId !== 'openai') return { batched: inUsage === 'batch', serviceTier: null };
  return {
    batched: tier === 'flex' || tier === 'batch' || inUsage === 'batch',
    serviceTier: LISTED.has(tier) ? null : nameOf(tier),
  };
}

function nameOf(tier: unknown): string {
  return typeof tier === 'string' && /^[\w-]{1,64}$/.test(tier) ? tier : 'unknown';
}
