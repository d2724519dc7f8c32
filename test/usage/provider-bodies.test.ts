import { describe, expect, test } from '@jest/globals';
import { readProviderBody } from '../../src/usage/provider-bodies.ts';
import { takeApart } from '../../src/usage/rules/token-kinds.ts';

/** As they stand in the providers' API references, shortened where nothing is read. */
const OPENAI_CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 1_117,
    completion_tokens: 46,
    total_tokens: 1_163,
    prompt_tokens_details: { cached_tokens: 1_024, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 12,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  },
};
const OPENAI_RESPONSES = {
  id: 'resp_1',
  model: 'gpt-5-2025-08-07',
  output: [],
  usage: {
    input_tokens: 328,
    input_tokens_details: { cached_tokens: 300 },
    output_tokens: 52,
    output_tokens_details: { reasoning_tokens: 40 },
    total_tokens: 380,
  },
};
const OPENAI_EMBEDDINGS = {
  object: 'list',
  model: 'text-embedding-3-small',
  data: [],
  usage: { prompt_tokens: 8, total_tokens: 8 },
};
const ANTHROPIC = {
  id: 'msg_1',
  type: 'message',
  model: 'claude-sonnet-4-5-20250929',
  content: [{ type: 'text', text: 'Hi' }],
  usage: {
    input_tokens: 2_095,
    cache_creation_input_tokens: 500,
    cache_read_input_tokens: 1_000,
    cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 200 },
    output_tokens: 503,
    service_tier: 'standard',
  },
};
const GOOGLE = {
  modelVersion: 'gemini-2.5-flash',
  candidates: [],
  usageMetadata: {
    promptTokenCount: 150,
    cachedContentTokenCount: 50,
    candidatesTokenCount: 42,
    thoughtsTokenCount: 30,
    totalTokenCount: 222,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 50 },
      { modality: 'AUDIO', tokenCount: 100 },
    ],
  },
};

describe('the body of a provider’s answer', () => {
  test.each([
    [
      'openai',
      OPENAI_CHAT,
      {
        model: 'gpt-4o-2024-08-06',
        tokens: {
          input_tokens: 1_117,
          cached_input_tokens: 1_024,
          output_tokens: 46,
          reasoning_tokens: 12,
          input_audio_tokens: 0,
          output_audio_tokens: 0,
        },
      },
    ],
    [
      'openai',
      OPENAI_RESPONSES,
      {
        model: 'gpt-5-2025-08-07',
        tokens: { input_tokens: 328, cached_input_tokens: 300, output_tokens: 52, reasoning_tokens: 40 },
      },
    ],
    ['openai', OPENAI_EMBEDDINGS, { model: 'text-embedding-3-small', tokens: { input_tokens: 8 } }],
    [
      'anthropic',
      ANTHROPIC,
      {
        model: 'claude-sonnet-4-5-20250929',
        tokens: {
          input_tokens: 3_595,
          cached_input_tokens: 1_000,
          cache_write_tokens: 500,
          cache_write_1h_tokens: 200,
          output_tokens: 503,
        },
      },
    ],
    [
      'google',
      GOOGLE,
      {
        model: 'gemini-2.5-flash',
        tokens: {
          input_tokens: 150,
          cached_input_tokens: 50,
          input_audio_tokens: 100,
          output_tokens: 72,
          reasoning_tokens: 30,
        },
      },
    ],
  ])('of %s is understood as it is', (provider, body, expected) => {
    expect(readProviderBody(provider, body)).toEqual({ batched: false, serviceTier: null, ...expected });
  });

  test('of Anthropic says by itself that it came through the batch API', () => {
    expect(
      readProviderBody('anthropic', { ...ANTHROPIC, usage: { ...ANTHROPIC.usage, service_tier: 'batch' } }),
    ).toMatchObject({ batched: true });
  });

  test.each([
    ['openai', 'default', false, null],
    ['openai', 'auto', false, null],
    ['openai', null, false, null],
    ['openai', 'flex', true, null],
    ['openai', 'priority', false, 'priority'],
    ['openai', 'scale', false, 'scale'],
    ['openai', { a: 'tier' }, false, 'unknown'],
    ['openai', 'x'.repeat(100), false, 'unknown'],
    ['groq', 'flex', false, null],
  ])('of %s says how it was served: %j', (provider, tier, batched, serviceTier) => {
    expect(readProviderBody(provider, { ...OPENAI_CHAT, service_tier: tier })).toMatchObject({ batched, serviceTier });
  });

  test('may count cached audio twice', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 1,
      prompt_tokens_details: { cached_tokens: 80, audio_tokens: 50 },
    };
    expect(readProviderBody('openai', { model: 'gpt-4o-audio-preview', usage })?.tokens).toMatchObject({
      input_tokens: 100,
      cached_audio_tokens: 30,
    });
  });

  test.each([
    [
      'a cached document of Gemini, stated',
      'google',
      {
        usageMetadata: {
          promptTokenCount: 100_000,
          cachedContentTokenCount: 98_000,
          candidatesTokenCount: 10,
          promptTokensDetails: [
            { modality: 'TEXT', tokenCount: 2_000 },
            { modality: 'DOCUMENT', tokenCount: 98_000 },
          ],
          cacheTokensDetails: [{ modality: 'DOCUMENT', tokenCount: 98_000 }],
        },
      },
      { input_tokens: 100_000, cached_input_tokens: 98_000, input_image_tokens: 98_000, cached_image_tokens: 98_000 },
    ],
    [
      'a cached document of Gemini, not stated',
      'google',
      {
        usageMetadata: {
          promptTokenCount: 100_000,
          cachedContentTokenCount: 98_000,
          candidatesTokenCount: 10,
          promptTokensDetails: [{ modality: 'DOCUMENT', tokenCount: 98_000 }],
        },
      },
      { cached_image_tokens: 96_000 },
    ],
    [
      'cached pictures of OpenAI’s realtime API',
      'openai',
      {
        response: {
          usage: {
            input_tokens: 1_000,
            output_tokens: 5,
            input_token_details: {
              text_tokens: 100,
              audio_tokens: 0,
              image_tokens: 900,
              cached_tokens: 950,
              cached_tokens_details: { text_tokens: 50, audio_tokens: 0, image_tokens: 900 },
            },
            output_token_details: { text_tokens: 5, audio_tokens: 0 },
          },
        },
      },
      { input_tokens: 1_000, cached_input_tokens: 950, input_image_tokens: 900, cached_image_tokens: 900 },
    ],
    [
      'sound and pictures of which all were cached',
      'google',
      {
        usageMetadata: {
          promptTokenCount: 100,
          cachedContentTokenCount: 100,
          promptTokensDetails: [
            { modality: 'AUDIO', tokenCount: 30 },
            { modality: 'IMAGE', tokenCount: 50 },
          ],
        },
      },
      { cached_audio_tokens: 30, cached_image_tokens: 50 },
    ],
    [
      'films',
      'google',
      {
        usageMetadata: {
          promptTokenCount: 500,
          promptTokensDetails: [{ modality: 'VIDEO', tokenCount: 400 }],
          candidatesTokenCount: 9,
          candidatesTokensDetails: [{ modality: 'VIDEO', tokenCount: 8 }],
        },
      },
      { input_tokens: 500, input_video_tokens: 400, output_tokens: 9, output_video_tokens: 8 },
    ],
  ])('tells %s', (_, provider, body, expected) => {
    const tokens = readProviderBody(provider, { model: 'm', ...body })?.tokens;
    expect(tokens).toMatchObject(expected);
    expect(takeApart(tokens!)).toHaveProperty('plain');
  });

  test('that leaves open what was cached makes up nothing', () => {
    const body = {
      usageMetadata: {
        promptTokenCount: 120,
        cachedContentTokenCount: 100,
        promptTokensDetails: [
          { modality: 'AUDIO', tokenCount: 50 },
          { modality: 'IMAGE', tokenCount: 50 },
        ],
      },
    };
    const tokens = readProviderBody('google', body)?.tokens;
    expect(tokens).toEqual({
      input_tokens: 120,
      cached_input_tokens: 100,
      input_audio_tokens: 50,
      input_image_tokens: 50,
    });
    expect(takeApart(tokens!)).toEqual({ contradiction: 'input_tokens' });
  });

  test.each([
    ['openai', {}],
    ['openai', { usage: null }],
    ['openai', { usage: { prompt_tokens: 'many' } }],
    ['nobody', OPENAI_CHAT],
    ['anthropic', { usage: { prompt: 1 } }],
    ['openai', { usage: { prompt_tokens: -1, completion_tokens: 1 } }],
  ])('of %s that says nothing understandable is refused', (provider, body) => {
    expect(readProviderBody(provider, body)).toBeNull();
  });
});
