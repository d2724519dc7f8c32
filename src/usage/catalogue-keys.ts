import type { TokenKind } from './rules/token-kinds.ts';

/** How the catalogue calls a kind of tokens: `usage` where it reads what a provider answered, `price` in its price lists. */
export const CATALOGUE_KEYS: Readonly<Record<TokenKind, { readonly usage: string; readonly price: string }>> = {
  input_tokens: { usage: 'input_tokens', price: 'input_mtok' },
  cached_input_tokens: { usage: 'cache_read_tokens', price: 'cache_read_mtok' },
  cache_write_tokens: { usage: 'cache_write_tokens', price: 'cache_write_mtok' },
  input_audio_tokens: { usage: 'input_audio_tokens', price: 'input_audio_mtok' },
  output_tokens: { usage: 'output_tokens', price: 'output_mtok' },
  reasoning_tokens: { usage: 'output_reasoning_tokens', price: 'output_reasoning_mtok' },
  output_audio_tokens: { usage: 'output_audio_tokens', price: 'output_audio_mtok' },
  cache_write_1h_tokens: { usage: 'cache_write_1h_tokens', price: 'cache_write_1h_mtok' },
  cached_audio_tokens: { usage: 'cache_audio_read_tokens', price: 'cache_audio_read_mtok' },
  input_image_tokens: { usage: 'input_image_tokens', price: 'input_image_mtok' },
  output_image_tokens: { usage: 'output_image_tokens', price: 'output_image_mtok' },
  cached_image_tokens: { usage: 'cache_image_read_tokens', price: 'cache_image_read_mtok' },
  input_video_tokens: { usage: 'input_video_tokens', price: 'input_video_mtok' },
  cached_video_tokens: { usage: 'cache_video_read_tokens', price: 'cache_video_read_mtok' },
  output_video_tokens: { usage: 'output_video_tokens', price: 'output_video_mtok' },
};
