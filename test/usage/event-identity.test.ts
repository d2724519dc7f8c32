import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MasterKey } from '../../src/platform/crypto/master-key.ts';
import { EventIdentities } from '../../src/usage/event-identity.ts';
import { readEvent, type UsageEvent } from '../../src/usage/event-reader.ts';
import { usagePartOf } from '../../src/usage/provider-usage-part.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const PLACE = { team: 'team', person: 'person' };
const identities = new EventIdentities(new MasterKey('5ec2'.repeat(16)), 'organization');

const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 5,
  prompt_tokens_details: { cached_tokens: 40, audio_tokens: 0 },
};
const ANSWER = { model: 'gpt-4o-2024-08-06', choices: [{ message: { content: 'Hello' } }], usage: USAGE };

function read(more: Record<string, unknown>): UsageEvent {
  const event = readEvent(
    { id: '1', team_id: 'research', user_id: 'ana', provider: 'openai', occurred_at: NOW.toISOString(), ...more },
    NOW,
  );
  if (!('tokens' in event)) throw new Error(JSON.stringify(event));
  return event;
}

const contentOf = (event: UsageEvent) => identities.of(event, PLACE).content;

describe('an event that comes again with the provider’s answer', () => {
  test('is the same after an upgrade that reads more out of it', () => {
    const event = read({ response: ANSWER });
    const readOtherwise: UsageEvent = {
      ...event,
      model: 'gpt-4o',
      tokens: { ...event.tokens, cached_image_tokens: 7, output_tokens: 6 },
      batched: true,
      serviceTier: 'flex',
    };
    expect(contentOf(readOtherwise)).toBe(contentOf(event));
  });

  test('is the same without what nobody reads, and with its members in another order', () => {
    const { prompt_tokens, completion_tokens, prompt_tokens_details } = USAGE;
    const turned = { usage: { completion_tokens, prompt_tokens_details, prompt_tokens }, model: ANSWER.model };
    expect(contentOf(read({ response: turned }))).toBe(contentOf(read({ response: ANSWER })));
  });

  test.each([
    ['another count', { response: { ...ANSWER, usage: { ...USAGE, prompt_tokens: 101 } } }],
    ['another model in it', { response: { ...ANSWER, model: 'gpt-4o' } }],
    ['another model beside it', { response: ANSWER, model: 'gpt-4o' }],
    ['another tier', { response: { ...ANSWER, service_tier: 'flex' } }],
    ['another word about the batch API', { response: ANSWER, batch: true }],
    ['another user', { response: ANSWER }, { ...PLACE, person: 'somebody else' }],
  ])('is another one with %s', (_, more, place = PLACE) => {
    expect(identities.of(read(more), place).content).not.toBe(contentOf(read({ response: ANSWER })));
  });

  test('can be compared whatever stands in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 12, noUnicodeString: false }), (value) => {
        expect(usagePartOf({ usage: value })).toBe(usagePartOf(JSON.parse(JSON.stringify({ usage: value }))));
      }),
    );
    const deep = `{"usage":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(usagePartOf(JSON.parse(deep))).toBe('{"usage":[[[[[[null]]]]]]}');
    expect(usagePartOf(JSON.parse('{"usage":{"a\\ud800":1e999}}'))).toBe('{"usage":{"a\ufffd":null}}');
  });
});

test('an event that comes again is the same when more kinds of tokens are known', () => {
  const counts = { model: 'gpt-4o', input_tokens: 10, output_tokens: 5 };
  const plain = read(counts);
  expect(contentOf(read({ ...counts, input_video_tokens: 0, cached_input_tokens: 0 }))).toBe(contentOf(plain));
  expect(contentOf(read({ ...counts, input_video_tokens: 1 }))).not.toBe(contentOf(plain));
});
