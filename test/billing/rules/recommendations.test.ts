import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Projection } from '../../../src/billing/rules/projection/project.ts';
import { familyOf } from '../../../src/billing/rules/recommendations/families.ts';
import type { ModelUse, QuotedUse, Quotes } from '../../../src/billing/rules/recommendations/model.ts';
import { recommend } from '../../../src/billing/rules/recommendations/recommend.ts';
import { exactly } from '../../../src/platform/money.ts';
import { ModelHosts } from '../../../src/usage/service.ts';

const projection = (more: Partial<Projection> = {}): Projection => ({
  cost: 200,
  interval80: [150, 300],
  interval95: [120, 400],
  confidence: 0.8,
  probabilityOfExceeding: null,
  trend: 'stable',
  basedOnDays: 30,
  ...more,
});
const outlook = (more: Partial<Projection> = {}, isOver = false) => ({
  spent: 100,
  projection: projection(more),
  isOver,
  pricedOn: '2026-11-16',
});

const use = (more: Partial<ModelUse> = {}): ModelUse => ({
  provider: 'openai',
  model: 'gpt-4o',
  requests: 100,
  failures: 0,
  unpriced: 0,
  tokens: {
    input_tokens: 50_000,
    cached_input_tokens: 0,
    cache_write_tokens: 0,
    input_audio_tokens: 0,
    output_tokens: 10_000,
    reasoning_tokens: 0,
    output_audio_tokens: 0,
  },
  cost: exactly(100),
  ...more,
});
const NOTHING_ELSE: Quotes = {
  asUsed: exactly(100),
  batched: exactly(100),
  halfCached: null,
  siblings: [],
  elsewhere: [],
};
const quoted = (quotes: Partial<Quotes>, more: Partial<ModelUse> = {}): QuotedUse => ({
  use: use(more),
  quotes: { ...NOTHING_ELSE, ...quotes },
});
const mini = (cost: number) => ({ provider: 'openai', model: 'gpt-4o-mini', cost: exactly(cost) });

describe('a smaller model', () => {
  test('is proposed with what the same tokens cost there, over the whole period', () => {
    const [found, ...others] = recommend(
      [quoted({ siblings: [mini(50), { ...mini(10), model: 'gpt-4o-nano' }] })],
      outlook(),
    );
    expect(others).toEqual([]);
    // 90 of the 100 that were spent, and twice that by the end of the period.
    expect(found).toMatchObject({
      priority: 'high',
      category: 'model_optimization',
      to: { provider: 'openai', model: 'gpt-4o-nano' },
      savings: 180,
      interval: [135, 270],
      message: expect.stringMatching(/ 90 % .* at the prices of 2026-11-16 /),
    });
  });

  test('is never dearer, whatever was paid and whatever the list says', () => {
    const amounts = fc.double({ min: 0, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(amounts, amounts, amounts, (paid, list, instead) => {
        const quotes = { asUsed: exactly(list), siblings: [mini(instead)] };
        for (const found of recommend([quoted(quotes, { cost: exactly(paid) })], outlook())) {
          if (found.category !== 'model_optimization') continue;
          expect(instead).toBeLessThan(list);
          expect(instead).toBeLessThan(paid);
          expect(found.savings).toBeLessThanOrEqual(2 * (paid - instead) + 1e-9);
        }
      }),
    );
  });

  test('is not proposed without a price to compare with', () => {
    expect(recommend([quoted({ asUsed: null, siblings: [mini(1)] })], outlook())).toEqual([]);
  });

  test.each([
    ['gpt-4o', 'gpt-4o-mini', true],
    ['gpt-4o-2024-08-06', 'gpt-4o-mini', true],
    ['claude-sonnet-4-5', 'claude-haiku-4-5', true],
    ['claude-3-5-sonnet-20241022', 'claude-3-5-haiku-latest', true],
    ['gemini-2.5-pro', 'gemini-2.5-flash-lite', true],
    ['gpt-4o', 'gpt-4', false],
    ['gpt-4o', 'gpt-4o-audio-preview', false],
    ['gpt-4.1', 'gpt-4o-mini', false],
    ['claude-sonnet-4-5', 'claude-haiku-3', false],
    ['gemini-2.5-pro', 'gemini-1.5-flash', false],
  ])('%s and %s are of one generation: %s', (one, another, alike) => {
    expect(familyOf(one) === familyOf(another)).toBe(alike);
  });
});

describe('another provider', () => {
  const groq = (cost: number | string) => ({ provider: 'groq', model: 'openai/gpt-oss-120b', cost: exactly(cost) });
  const open = { provider: 'together', model: 'openai/gpt-oss-120b' };

  test('is proposed where it runs the same model for less, the cheapest of them', () => {
    const elsewhere = [groq(80), { ...groq(70), provider: 'cerebras' }];
    const [found, ...others] = recommend([quoted({ elsewhere }, open)], outlook());
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      category: 'provider_switch',
      from: open,
      to: { provider: 'cerebras', model: 'openai/gpt-oss-120b' },
      savings: 60,
      message: expect.stringMatching(/30 % .* at the prices of 2026-11-16 /),
    });
  });

  test('is not proposed where it costs as much, or more than what was paid', () => {
    expect(recommend([quoted({ elsewhere: [groq(100)] }, open)], outlook())).toEqual([]);
    expect(recommend([quoted({ elsewhere: [groq(80)] }, { ...open, cost: exactly(80) })], outlook())).toEqual([]);
  });

  test('is one that runs the model of the same name, publisher and case aside', () => {
    const hosts = new ModelHosts();
    const found = hosts.elsewhere('openrouter', 'openai/gpt-oss-120b');
    expect(found.map(({ provider }) => provider)).toEqual(expect.arrayContaining(['groq', 'fireworks', 'cerebras']));
    expect(hosts.elsewhere('groq', 'GPT-OSS-120B').map(({ provider }) => provider)).not.toContain('groq');
    expect(hosts.elsewhere('groq', 'unheard-of')).toEqual([]);
  });
});

describe('caches and batches', () => {
  const long = { tokens: { ...use().tokens, input_tokens: 500_000 } };

  test('save between nothing and what half of it all would', () => {
    const [caching] = recommend([quoted({ halfCached: exactly(60) }, long)], outlook());
    expect(caching).toMatchObject({ category: 'prompt_caching', savings: 40, interval: [0, 120] });
    const [batching] = recommend([quoted({ batched: exactly(50) })], outlook());
    expect(batching).toMatchObject({ category: 'batching', savings: 25, interval: [0, 75] });
  });

  test('are not for short prompts, for those that are cached already, or where they cost as much', () => {
    expect(recommend([quoted({ halfCached: exactly(60) })], outlook())).toEqual([]);
    const cached = { tokens: { ...long.tokens, cached_input_tokens: 300_000 } };
    expect(recommend([quoted({ halfCached: exactly(60) }, cached)], outlook())).toEqual([]);
    expect(recommend([quoted({ halfCached: exactly(100), batched: exactly(120) }, long)], outlook())).toEqual([]);
  });

  test('that were paid for already at a lower price are not promised once more', () => {
    const [batching, ...none] = recommend([quoted({ batched: exactly(50) }, { cost: exactly(50) })], outlook());
    expect([batching, none]).toEqual([undefined, []]);
  });
});

describe('warnings', () => {
  test('tell of requests that fail often', () => {
    const [found] = recommend([quoted({}, { failures: 20 })], outlook());
    expect(found).toMatchObject({ category: 'failed_requests', savings: 20, interval: [0, 60] });
    expect(recommend([quoted({}, { failures: 1 })], outlook())).toEqual([]);
    expect(recommend([quoted({}, { failures: 20, cost: exactly(0) })], outlook())).toEqual([]);
  });

  test('tell of calls without a price and of a budget that will not last, as urgent as the largest saving', () => {
    const uses = [quoted({ batched: exactly(50) }), quoted({}, { model: 'own', unpriced: 3, cost: exactly(0) })];
    const found = recommend(uses, outlook({ probabilityOfExceeding: 0.7 }));
    expect(found.map(({ category, priority, from }) => [category, priority, from.model])).toEqual([
      ['batching', 'high', 'gpt-4o'],
      ['budget', 'high', 'gpt-4o'],
      ['unpriced_usage', 'high', 'own'],
    ]);
    expect(recommend(uses, outlook({ probabilityOfExceeding: 0.1 })).map(({ category }) => category)).not.toContain(
      'budget',
    );
  });

  test('tell of a budget that will be exceeded for certain, as long as there is something to be done', () => {
    const exceeded = { probabilityOfExceeding: 1, confidence: 1 };
    const found = (isOver: boolean) =>
      recommend([quoted({})], outlook(exceeded, isOver)).map(({ category }) => category);
    expect(found(false)).toEqual(['budget']);
    expect(found(true)).toEqual([]);
  });

  test('tell once of all calls without a price, however many models they were to', () => {
    const unpriced = Array.from({ length: 60 }, (_, index) =>
      quoted({}, { model: `own-${index}`, unpriced: index + 1, cost: exactly(0) }),
    );
    const found = recommend([...unpriced, quoted({ batched: exactly(50) })], outlook());
    expect(found.map(({ category }) => category).toSorted()).toEqual(['batching', 'unpriced_usage']);
    expect(found.find(({ category }) => category === 'unpriced_usage')).toMatchObject({
      from: { model: 'own-59' },
      message: expect.stringContaining('1830 requests to 60 models'),
    });
  });

  test('are few: what saves next to nothing is left out', () => {
    const quotes = Array.from({ length: 60 }, (_, index) => quoted({ batched: exactly(50) }, { model: `m-${index}` }));
    expect(recommend(quotes, outlook())).toHaveLength(20);
    expect(recommend([quoted({ batched: exactly('99.9') })], outlook())).toEqual([]);
  });
});
