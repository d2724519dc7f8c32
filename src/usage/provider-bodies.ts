import { extractUsage, findProvider } from '@pydantic/genai-prices';
import { CATALOGUE_KEYS } from './catalogue-keys.ts';
import { ALL_TOKEN_KINDS, type TokenCounts, type TokenKind } from './rules/token-kinds.ts';

/** What a provider's answer says about what it has cost. */
export interface ProviderUsage {
  /** As the provider calls it, where it says so. */
  readonly model: string | null;
  readonly tokens: TokenCounts;
  readonly batched: boolean;
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
  return { model: best.model, tokens: withOverlap(tokensOf(best.usage)), batched: isBatched(body) };
}

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

/** Where cached and audio tokens together are more than all, some are both, although the provider does not say how many. */
function withOverlap(tokens: Partial<Record<TokenKind, number>>): TokenCounts {
  const {
    input_tokens: all = 0,
    cached_input_tokens: cached = 0,
    cache_write_tokens: written = 0,
    input_audio_tokens: audio = 0,
    input_image_tokens: image = 0,
  } = tokens;
  const tooMany = cached + written + audio + image - all;
  if (tooMany <= 0 || tokens.cached_audio_tokens !== undefined) return tokens;
  return { ...tokens, cached_audio_tokens: Math.min(tooMany, cached, audio) };
}

/** Anthropic says so itself; of other providers' batches, the event does. */
function isBatched(body: object): boolean {
  const usage: unknown = 'usage' in body ? body.usage : null;
  return typeof usage === 'object' && usage !== null && 'service_tier' in usage && usage.service_tier === 'batch';
}
