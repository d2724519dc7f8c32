import { describe, expect, test } from '@jest/globals';
import { calcPrice } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { exactly } from '../../../src/platform/money.ts';
import { Catalogue } from '../../../src/usage/catalogue.ts';
import { CATALOGUE_KEYS } from '../../../src/usage/catalogue-keys.ts';
import { priceOf } from '../../../src/usage/rules/prices.ts';
import { cardOf, type RatesDocument, versionAt } from '../../../src/usage/rules/rates.ts';
import { ALL_TOKEN_KINDS, takeApart, type TokenCounts } from '../../../src/usage/rules/token-kinds.ts';

const catalogue = new Catalogue();
const NOW = new Date('2026-11-20T12:00:00Z');

function price(
  provider: string,
  model: string,
  tokens: TokenCounts,
  { at = NOW, batched = false } = {},
): string | null {
  const card = catalogue.cardFor(provider, model, at);
  return card && (priceOf(card, tokens, batched)?.toFixed() ?? null);
}

function own(rates: Partial<RatesDocument>, tokens: TokenCounts, batched = false): string | null {
  const card = cardOf({ currency: 'USD', per_million: {}, ...rates }, 'v1');
  return card && (priceOf(card, tokens, batched)?.toFixed() ?? null);
}

function withoutOutput(counts: TokenCounts): TokenCounts {
  return Object.fromEntries(Object.entries(counts).filter(([kind]) => !kind.startsWith('output')));
}

const tokens = fc.nat({ max: 400_000 });
/** Counts whose parts never exceed what they are part of. */
const counts = fc
  .tuple(tokens, tokens, tokens, tokens, tokens)
  .map(([plain, cached, written, hour, output]): TokenCounts => ({
    input_tokens: plain + cached + written + hour,
    cached_input_tokens: cached,
    cache_write_tokens: written + hour,
    cache_write_1h_tokens: hour,
    output_tokens: output,
  }));

/** The same with sound, pictures and films among them, some of which were read from a cache. */
const mediaCounts = fc
  .tuple(counts, fc.array(fc.tuple(tokens, tokens, tokens), { minLength: 3, maxLength: 3 }))
  .map(([text, media]): TokenCounts => {
    const kinds = ['audio', 'image', 'video'] as const;
    const sum = (part: 0 | 1 | 2) => media.reduce((total, parts) => total + parts[part], 0);
    return {
      ...text,
      input_tokens: (text.input_tokens ?? 0) + sum(0) + sum(1),
      cached_input_tokens: (text.cached_input_tokens ?? 0) + sum(1),
      output_tokens: (text.output_tokens ?? 0) + sum(2),
      ...Object.fromEntries(
        media.flatMap(([fresh, cached, output], index) => [
          [`input_${kinds[index]}_tokens`, fresh + cached],
          [`cached_${kinds[index]}_tokens`, cached],
          [`output_${kinds[index]}_tokens`, output],
        ]),
      ),
    };
  });

describe('the price of a call', () => {
  test.each([
    ['openai', 'gpt-realtime'],
    ['openai', 'gpt-image-1'],
    ['google', 'gemini-2.5-flash'],
    ['google', 'gemini-embedding-2'],
    ['google', 'gemini-3.1-flash-live-preview'],
    ['google', 'gemini-omni-flash-preview'],
  ])('with sound, pictures and films of %s %s is what the catalogue computes', (provider, model) => {
    const card = catalogue.cardFor(provider, model, NOW)!;
    fc.assert(
      fc.property(mediaCounts, (all) => {
        const of = card.kinds.output_tokens ? all : withoutOutput(all);
        const usage = Object.fromEntries(
          ALL_TOKEN_KINDS.flatMap((kind) => (of[kind] === undefined ? [] : [[CATALOGUE_KEYS[kind].usage, of[kind]]])),
        );
        const expected = calcPrice(usage, model, { providerId: provider, timestamp: NOW });
        expect(Number(price(provider, model, of))).toBeCloseTo(expected?.total_price ?? Number.NaN, 9);
      }),
    );
  });

  test.each([
    ['openai', 'gpt-4o'],
    ['openai', 'gpt-5.4'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-sonnet-4-6'],
    ['google', 'gemini-2.5-pro'],
    ['google', 'gemini-2.5-flash'],
    ['deepseek', 'deepseek-chat'],
    ['mistral', 'mistral-large-latest'],
  ])('of %s %s is what the catalogue computes in floats, but exact', (provider, model) => {
    fc.assert(
      fc.property(
        counts,
        fc.date({ min: new Date('2025-01-01'), max: new Date('2026-11-20'), noInvalidDate: true }),
        (of, at) => {
          const minute = new Date(Math.floor(at.getTime() / 60_000) * 60_000);
          const usage = Object.fromEntries(
            ALL_TOKEN_KINDS.flatMap((kind) => (of[kind] === undefined ? [] : [[CATALOGUE_KEYS[kind].usage, of[kind]]])),
          );
          const expected = calcPrice(usage, model, { providerId: provider, timestamp: minute });
          expect(Number(price(provider, model, of, { at }))).toBeCloseTo(expected?.total_price ?? Number.NaN, 9);
        },
      ),
    );
  });

  test('counts cached tokens once, at their own price', () => {
    expect(
      price('openai', 'gpt-4o', { input_tokens: 1_000_000, cached_input_tokens: 1_000_000, output_tokens: 0 }),
    ).toBe('1.25');
    expect(
      price('anthropic', 'claude-3-5-sonnet', {
        input_tokens: 3_000_000,
        cached_input_tokens: 1_000_000,
        cache_write_tokens: 1_000_000,
        output_tokens: 0,
      }),
    ).toBe('7.05');
    expect(
      price('anthropic', 'claude-3-5-sonnet', {
        input_tokens: 1_000_000,
        cache_write_tokens: 1_000_000,
        cache_write_1h_tokens: 1_000_000,
        output_tokens: 0,
      }),
    ).toBe('6');
  });

  test('prices audio and reasoning', () => {
    expect(
      price('openai', 'gpt-realtime', {
        input_tokens: 1_000_000,
        input_audio_tokens: 500_000,
        cached_input_tokens: 200_000,
        cached_audio_tokens: 100_000,
        output_tokens: 10,
      }),
    ).toBe('14.48016');
    expect(price('openai', 'gpt-4o', { input_tokens: 0, output_tokens: 1_000_000, reasoning_tokens: 600_000 })).toBe(
      '10',
    );
  });

  test('follows the tier of a long context for all of its tokens', () => {
    expect(price('google', 'gemini-2.5-pro', { input_tokens: 200_000, output_tokens: 1_000 })).toBe('0.26');
    expect(price('google', 'gemini-2.5-pro', { input_tokens: 200_001, output_tokens: 1_000 })).toBe('0.5150025');
  });

  test('is that of the day of the call', () => {
    const long = { input_tokens: 300_000, output_tokens: 0 };
    expect(price('anthropic', 'claude-sonnet-4-6', long, { at: new Date('2026-03-12T23:59:59Z') })).toBe('1.8');
    expect(price('anthropic', 'claude-sonnet-4-6', long, { at: new Date('2026-03-13T00:00:00Z') })).toBe('0.9');
    expect(catalogue.cardFor('anthropic', 'claude-sonnet-4-6', NOW)?.version).toMatch(
      /^genai-prices \S+ anthropic\/claude-sonnet-4-6 from 2026-03-13$/,
    );
  });

  test('is half of it through a batch API', () => {
    expect(price('openai', 'gpt-4o', { input_tokens: 1_000_000, output_tokens: 0 }, { batched: true })).toBe('1.25');
  });

  test('of one token of a cheap model is not lost', () => {
    expect(price('openai', 'gpt-4o-mini', { input_tokens: 1, output_tokens: 0 })).toBe('0.00000015');
  });

  test('is unknown for a model that nobody knows, and where a kind of tokens has none', () => {
    expect(price('in-house', 'llama', { input_tokens: 1, output_tokens: 0 })).toBeNull();
    expect(price('openai', 'no-such-model', { input_tokens: 1, output_tokens: 0 })).toBeNull();
    expect(own({ per_million: { input_tokens: '1' } }, { input_tokens: 5, output_tokens: 5 })).toBeNull();
    expect(own({ per_million: { input_tokens: '1' } }, { input_tokens: 5, output_tokens: 0 })).toBe('0.000005');
  });

  test('never depends on how a price is spread over calls, but for rounding at the last digit', () => {
    fc.assert(
      fc.property(counts, (of) => {
        const card = cardOf(
          {
            currency: 'USD',
            per_million: { input_tokens: '2.5', cached_input_tokens: '0.123456', output_tokens: '10' },
          },
          'v1',
        )!;
        const doubled = Object.fromEntries(Object.entries(of).map(([kind, count]) => [kind, count * 2]));
        expect(priceOf(card, doubled, false)?.toFixed()).toBe(priceOf(card, of, false)?.times(2).toFixed());
      }),
    );
  });
});

describe('an own rate', () => {
  test('has tiers, a price per call and a batch factor', () => {
    const rates = {
      per_million: { input_tokens: '1', output_tokens: '2' },
      tiers: [{ above_input_tokens: 10, per_million: { input_tokens: '3' } }],
      per_call: '0.01',
      batch_factor: '0.25',
    };
    expect(own(rates, { input_tokens: 10, output_tokens: 1 })).toBe('0.010012');
    expect(own(rates, { input_tokens: 11, output_tokens: 1 })).toBe('0.010035');
    expect(own(rates, { input_tokens: 11, output_tokens: 1 }, true)).toBe('0.00250875');
  });

  describe('with tiers', () => {
    const rates = {
      per_million: { input_tokens: '2', output_tokens: '8' },
      tiers: [
        { above_input_tokens: 100, per_million: { input_tokens: '3' } },
        {
          above_input_tokens: 200,
          per_million: { input_tokens: '4', cached_input_tokens: '0.4', output_tokens: '16' },
        },
        { above_input_tokens: 300, per_million: { input_tokens: '5' } },
      ],
    };
    const cached = (input: number) =>
      exactly(own(rates, { input_tokens: input, cached_input_tokens: 50, output_tokens: 0 })!)
        .minus(own(rates, { input_tokens: input, output_tokens: 0 })!)
        .dividedBy(50)
        .times(1_000_000)
        .toFixed();

    test('prices a kind that has a price in a tier only: below it, as the kind that it is part of', () => {
      // The difference to tokens that are not cached, a million of them.
      expect([100, 200, 201, 301].map(cached)).toEqual(['0', '0', '-3.6', '-4.6']);
    });

    test('leaves a kind that a tier leaves out at the price that it has below that tier', () => {
      const output = (input: number) =>
        exactly(own(rates, { input_tokens: input, output_tokens: 1 })!)
          .minus(own(rates, { input_tokens: input, output_tokens: 0 })!)
          .times(1_000_000)
          .toFixed();
      expect([100, 101, 201, 301].map(output)).toEqual(['8', '8', '16', '16']);
    });

    test('may go through several kinds', () => {
      const hour = {
        per_million: { input_tokens: '2' },
        tiers: [{ above_input_tokens: 10, per_million: { cache_write_1h_tokens: '7' } }],
      };
      const of = (input: number) => ({
        input_tokens: input,
        cache_write_tokens: input,
        cache_write_1h_tokens: input,
        output_tokens: 0,
      });
      expect(own(hour, of(10))).toBe('0.00002');
      expect(own(hour, of(11))).toBe('0.000077');
    });
  });

  test('may be nothing: a self-hosted model, or credits', () => {
    expect(own({ per_million: { input_tokens: '0' } }, { input_tokens: 10, output_tokens: 0 })).toBe('0');
  });

  test('that was taken back is none', () => {
    expect(cardOf({ currency: 'USD', per_million: null }, 'v2')).toBeNull();
  });

  test('of a moment is the newest version that had begun by then', () => {
    const versions = [
      { version: 1, effectiveFrom: new Date(10) },
      { version: 2, effectiveFrom: new Date(30) },
      { version: 3, effectiveFrom: new Date(20) },
    ];
    expect([5, 10, 19, 20, 30, 99].map((at) => versionAt(versions, new Date(at))?.version ?? null)).toEqual([
      null,
      1,
      1,
      3,
      3,
      3,
    ]);
  });
});

describe('kinds of tokens', () => {
  test('taken apart add up to input and output again', () => {
    fc.assert(
      fc.property(counts, (of) => {
        const apart = takeApart(of);
        if ('contradiction' in apart) throw new Error(apart.contradiction);
        const total = Object.values(apart.plain).reduce((sum, count) => sum + count, 0);
        expect(total).toBe((of.input_tokens ?? 0) + (of.output_tokens ?? 0));
      }),
    );
  });

  test('that contradict each other are told apart', () => {
    expect(takeApart({ input_tokens: 5, cached_input_tokens: 6 })).toEqual({ contradiction: 'input_tokens' });
    expect(takeApart({ input_tokens: 5, output_tokens: 1, reasoning_tokens: 2 })).toEqual({
      contradiction: 'output_tokens',
    });
  });
});

describe('an amount', () => {
  test('that is computed is rounded to even at the twelfth decimal', () => {
    expect(
      own(
        { per_million: { input_tokens: '0.000001' }, batch_factor: '0.5' },
        { input_tokens: 1, output_tokens: 0 },
        true,
      ),
    ).toBe('0');
    expect(
      own(
        { per_million: { input_tokens: '0.000001' }, batch_factor: '0.5' },
        { input_tokens: 3, output_tokens: 0 },
        true,
      ),
    ).toBe(exactly('0.000000000002').toFixed());
  });
});
