import { describe, expect, test } from '@jest/globals';
import { readProviderBody } from '../../src/usage/provider-bodies.ts';

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
    expect(readProviderBody(provider, body)).toEqual({ batched: false, ...expected });
  });

  test('of Anthropic says by itself that it came through the batch API', () => {
    expect(
      readProviderBody('anthropic', { ...ANTHROPIC, usage: { ...ANTHROPIC.usage, service_tier: 'batch' } }),
    ).toMatchObject({ batched: true });
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
