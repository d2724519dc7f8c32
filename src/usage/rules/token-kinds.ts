/**
 * Kinds of tokens. A kind `of` another is counted in that one too, as providers bill them: cached tokens are input tokens.
 * `column` kinds have a column in the ledger and a sum in the rollups; few lines have the others.
 */
export const TOKEN_KINDS = {
  input_tokens: { of: [], column: true },
  cached_input_tokens: { of: ['input_tokens'], column: true },
  cache_write_tokens: { of: ['input_tokens'], column: true },
  input_audio_tokens: { of: ['input_tokens'], column: true },
  output_tokens: { of: [], column: true },
  reasoning_tokens: { of: ['output_tokens'], column: true },
  output_audio_tokens: { of: ['output_tokens'], column: true },
  cache_write_1h_tokens: { of: ['cache_write_tokens'], column: false },
  cached_audio_tokens: { of: ['cached_input_tokens', 'input_audio_tokens'], column: false },
  input_image_tokens: { of: ['input_tokens'], column: false },
  output_image_tokens: { of: ['output_tokens'], column: false },
  cached_image_tokens: { of: ['cached_input_tokens', 'input_image_tokens'], column: false },
  input_video_tokens: { of: ['input_tokens'], column: false },
  cached_video_tokens: { of: ['cached_input_tokens', 'input_video_tokens'], column: false },
  output_video_tokens: { of: ['output_tokens'], column: false },
} as const;

export type TokenKind = keyof typeof TOKEN_KINDS;

/** What else than text goes in, and what of it was read from a cache. */
export const INPUT_MEDIA = [
  { all: 'input_audio_tokens', cached: 'cached_audio_tokens' },
  { all: 'input_image_tokens', cached: 'cached_image_tokens' },
  { all: 'input_video_tokens', cached: 'cached_video_tokens' },
] as const satisfies readonly { readonly all: TokenKind; readonly cached: TokenKind }[];

export type TokenColumn = {
  [Kind in TokenKind]: (typeof TOKEN_KINDS)[Kind]['column'] extends true ? Kind : never;
}[TokenKind];

export const ALL_TOKEN_KINDS = Object.keys(TOKEN_KINDS) as TokenKind[];
export const TOKEN_COLUMNS = ALL_TOKEN_KINDS.filter((kind): kind is TokenColumn => TOKEN_KINDS[kind].column);
export const OTHER_TOKEN_KINDS = ALL_TOKEN_KINDS.filter((kind) => !TOKEN_KINDS[kind].column);

/** The kinds that a kind is part of, the nearest first. */
export function wholesOf(kind: TokenKind): TokenKind[] {
  const wholes: TokenKind[] = [];
  for (let level: readonly TokenKind[] = TOKEN_KINDS[kind].of; level.length > 0;) {
    wholes.push(...level);
    level = level.flatMap((at) => TOKEN_KINDS[at].of);
  }
  return wholes;
}

/** Tokens of a call by kind; what is left out is 0. */
export type TokenCounts = Readonly<Partial<Record<TokenKind, number>>>;

/**
 * The ways in which the tokens of a call without sound and pictures may turn out to be counted: what goes in may be written to
 * a cache or read from one, what comes out may be reasoning. No mixture of them costs more than the dearest of them.
 */
export function possibleTextCounts(inputTokens: number, outputTokens: number): TokenCounts[] {
  const inputs: TokenCounts[] = [
    {},
    { cached_input_tokens: inputTokens },
    { cache_write_tokens: inputTokens },
    { cache_write_tokens: inputTokens, cache_write_1h_tokens: inputTokens },
  ];
  const outputs: TokenCounts[] = [{}, { reasoning_tokens: outputTokens }];
  return inputs.flatMap((input) =>
    outputs.map((output) => ({ input_tokens: inputTokens, output_tokens: outputTokens, ...input, ...output })),
  );
}

/** The counts without what is counted elsewhere too: each token stands in exactly one of them. */
export type PlainCounts = Readonly<Record<TokenKind, number>>;

/**
 * Takes the kinds apart, so that each token is priced once.
 * @returns the first kind that has fewer tokens than its parts say, where the counts contradict each other
 */
export function takeApart(
  counts: TokenCounts,
): { readonly plain: PlainCounts } | { readonly contradiction: TokenKind } {
  const of = (kind: TokenKind): number => counts[kind] ?? 0;
  const [cachedAudio, cachedImage, cachedVideo] = [
    of('cached_audio_tokens'),
    of('cached_image_tokens'),
    of('cached_video_tokens'),
  ];
  const cachedMedia = cachedAudio + cachedImage + cachedVideo;
  const plain: PlainCounts = {
    // Cached media are taken off twice, as cached and as what they are, and are to be taken off once.
    input_tokens:
      of('input_tokens') -
      of('cached_input_tokens') -
      of('cache_write_tokens') -
      of('input_audio_tokens') -
      of('input_image_tokens') -
      of('input_video_tokens') +
      cachedMedia,
    cached_input_tokens: of('cached_input_tokens') - cachedMedia,
    cache_write_tokens: of('cache_write_tokens') - of('cache_write_1h_tokens'),
    input_audio_tokens: of('input_audio_tokens') - cachedAudio,
    output_tokens:
      of('output_tokens') -
      of('reasoning_tokens') -
      of('output_audio_tokens') -
      of('output_image_tokens') -
      of('output_video_tokens'),
    reasoning_tokens: of('reasoning_tokens'),
    output_audio_tokens: of('output_audio_tokens'),
    cache_write_1h_tokens: of('cache_write_1h_tokens'),
    cached_audio_tokens: cachedAudio,
    input_image_tokens: of('input_image_tokens') - cachedImage,
    output_image_tokens: of('output_image_tokens'),
    cached_image_tokens: cachedImage,
    input_video_tokens: of('input_video_tokens') - cachedVideo,
    cached_video_tokens: cachedVideo,
    output_video_tokens: of('output_video_tokens'),
  };
  for (const kind of ALL_TOKEN_KINDS) if (plain[kind] < 0) return { contradiction: kind };
  return { plain };
}
