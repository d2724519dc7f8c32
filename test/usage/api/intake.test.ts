import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ago, event, type Json, Office, without } from './support/office.ts';

const DAY = 86_400_000;
let office: Office;

beforeAll(async () => {
  office = await Office.open();
});

afterAll(() => office?.close());

async function lineOf(more: Json): Promise<Json> {
  const sent = event(more);
  expect(await office.report([sent])).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
  const [line] = await office.rows('select * from countersign.ledger_lines order by id desc limit 1');
  return line!;
}

describe('a batch', () => {
  test('is booked event by event, and what is wrong with one does not keep the others out', async () => {
    const good = [event(), event({ team_id: 'lab', user_id: 'ben' })];
    const answer = await office.report([good[0], { id: 'bad' }, 'nonsense', event({ input_tokens: -1 }), good[1]]);
    expect(answer).toMatchObject({ accepted: 2, duplicates: 0 });
    expect(
      answer.rejected.map(({ index, id, problem }: Json & { problem: Json }) => [
        index,
        id,
        problem['type'],
        problem['status'],
      ]),
    ).toEqual([
      [1, 'bad', '/problems/invalid-request', 400],
      [2, null, '/problems/invalid-request', 400],
      [3, expect.stringMatching(/^event-/), '/problems/invalid-request', 400],
    ]);
    const lines = await office.rows<{ alias: string }>(
      `select t.alias from countersign.ledger_lines l join countersign.teams t on t.id = l.team_id order by l.id desc limit 2`,
    );
    expect(lines.map((line) => line.alias).toSorted()).toEqual(['lab', 'research']);
  });

  test('may come as CloudEvents', async () => {
    const data = without('id', without('occurred_at', without('user_id', event())));
    const batch = [
      {
        specversion: '1.0',
        type: 'llm.call',
        id: 'ce-1',
        source: '/gateway/1',
        time: ago(1_000),
        subject: 'ana',
        data,
      },
      {
        specversion: '1.0',
        type: 'com.example.completion',
        id: 'ce-1',
        source: '/gateway/2',
        time: ago(1_000),
        subject: null,
        data: { ...data, id: 'ce-1', source: '/gateway/2', user_id: 'ana', latency_ms: null },
      },
      { specversion: '1.0', type: '', id: 'ce-2', source: '/gateway/1', data },
      { specversion: '0.3', type: 'llm.call', id: 'ce-2', source: '/gateway/1', data },
      {
        specversion: '1.0',
        type: 'llm.call',
        id: 'ce-3',
        source: '/gateway/1',
        time: ago(1_000),
        subject: 'ana',
        data: { ...data, id: 'another' },
      },
    ];
    const answer = await office.system.api('POST', '/api/v1/usage', batch, office.keys['service'], {
      'content-type': 'application/cloudevents-batch+json',
    });
    expect(answer).toMatchObject({ status: 200, body: { accepted: 2, duplicates: 0 } });
    expect(
      answer.body.rejected.map((rejected: { index: number; problem: { errors: { path: string }[] } }) => [
        rejected.index,
        rejected.problem.errors[0]?.path,
      ]),
    ).toEqual([
      [2, 'type'],
      [3, 'specversion'],
      [4, 'data.id'],
    ]);
  });

  test('may be an empty batch of CloudEvents', async () => {
    expect(
      await office.system.api('POST', '/api/v1/usage', [], office.keys['service'], {
        'content-type': 'application/cloudevents-batch+json',
      }),
    ).toMatchObject({ status: 200, body: { accepted: 0, duplicates: 0, rejected: [] } });
  });

  test('says nothing with null where it may be left out, and is the same event then', async () => {
    const plain = event();
    const optional = ['source', 'cached_input_tokens', 'response', 'batch', 'latency_ms', 'success', 'metadata'];
    const nulls = {
      ...plain,
      ...Object.fromEntries(optional.filter((name) => !(name in plain)).map((name) => [name, null])),
    };
    expect(await office.report([plain, nulls])).toMatchObject({ accepted: 1, duplicates: 1, rejected: [] });
    const missing = await office.report([
      { ...event(), model: null },
      { ...event(), team_id: null },
    ]);
    expect(
      missing.rejected.map(({ problem }: { problem: { errors: { path: string }[] } }) => problem.errors[0]?.path),
    ).toEqual(['model', 'team_id']);
  });

  test('may tell how long a call took in parts of a millisecond', async () => {
    expect(await office.report([{ ...event(), latency_ms: 12.5 }])).toMatchObject({ accepted: 1, rejected: [] });
  });

  test('writes one audit entry with its count and a digest', async () => {
    await office.report([event(), event(), { id: 'bad' }]);
    const [entry] = await office.rows<{ detail: Json; resource_id: string }>(
      `select leaf::jsonb -> 'detail' as detail, resource_id from countersign.audit_entries where action = 'usage.reported' order by id desc limit 1`,
    );
    expect(entry?.detail).toEqual({
      accepted: 2,
      duplicates: 0,
      rejected: 1,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const [{ count } = { count: 0 }] = await office.rows<{ count: number }>(
      'select count(*)::int from countersign.ledger_lines where batch = $1',
      [entry?.resource_id],
    );
    expect(count).toBe(2);
  });

  test.each([[{}], [{ events: [] }], [{ events: Array.from({ length: 5_001 }, () => 0) }], ['x']])(
    'of %.40j is refused as a whole',
    async (body) => {
      expect(await office.system.api('POST', '/api/v1/usage', body, office.keys['service'])).toMatchObject({
        status: 400,
      });
    },
  );
});

describe('the same event again', () => {
  test('is the same in whatever order the members of its metadata come', async () => {
    const sent = event({ metadata: { trace: { span: 1, parent: [{ x: 1, y: 2 }] }, run: 'a' } });
    const turned = { ...sent, metadata: { run: 'a', trace: { parent: [{ y: 2, x: 1 }], span: 1 } } };
    expect(await office.report([sent, turned])).toEqual({ accepted: 1, duplicates: 1, rejected: [] });
    expect(await office.report([turned])).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
    expect(await office.report([event({ metadata: { half: '\ud800' } })])).toMatchObject({
      accepted: 0,
      rejected: [{ problem: { errors: [{ path: 'metadata' }] } }],
    });
  });

  test('within a batch fares as the first one does: what is not booked is no duplicate', async () => {
    const unknown = event({ cost: { value: '1', currency: 'CHF' } });
    const taken = event();
    await office.report([taken]);
    const other = { ...taken, input_tokens: 7 };
    const { accepted, duplicates, rejected } = await office.report([unknown, unknown, other, other, unknown]);
    expect({ accepted, duplicates }).toEqual({ accepted: 0, duplicates: 0 });
    expect(
      rejected.map(({ index, problem }: { index: number; problem: { type: string } }) => [index, problem.type]),
    ).toEqual([
      [0, '/problems/invalid-request'],
      [1, '/problems/invalid-request'],
      [2, '/problems/idempotency-conflict'],
      [3, '/problems/idempotency-conflict'],
      [4, '/problems/invalid-request'],
    ]);
  });

  test('put right within the batch is booked: what was rejected has taken its id from nobody', async () => {
    const wrong = event({ cost: { value: '1', currency: 'CHF' } });
    const right = { ...wrong, cost: { value: '1', currency: 'USD' } };
    expect(await office.report([wrong, right, right, wrong])).toMatchObject({
      accepted: 1,
      duplicates: 1,
      rejected: [
        { index: 0, problem: { errors: [{ path: 'cost.currency' }] } },
        { index: 3, problem: { errors: [{ path: 'cost.currency' }] } },
      ],
    });
  });

  test('counts once, within a batch and across requests, however it is written', async () => {
    const yesterday = new Date(Math.floor(Date.now() / 1_000) * 1_000 - DAY);
    const inBerlin = new Date(yesterday.getTime() + 3_600_000).toISOString().replace('.000Z', '+01:00');
    const sent = event({
      occurred_at: yesterday.toISOString(),
      success: true,
      cost: { value: '1.50', currency: 'USD' },
    });
    const again = { ...sent, occurred_at: inBerlin, cost: { value: '1.5', currency: 'USD' } };
    expect(await office.report([sent, again])).toEqual({ accepted: 1, duplicates: 1, rejected: [] });
    expect(await office.report([again])).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
  });

  test('of another source is another event', async () => {
    const sent = event();
    expect(await office.report([sent, { ...sent, source: 'a' }, { ...sent, source: 'b' }])).toMatchObject({
      accepted: 3,
    });
  });

  test('counts once across months', async () => {
    const sent = event({ occurred_at: ago(80 * DAY) });
    await office.report([sent]);
    expect(await office.report([sent])).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await office.report([{ ...sent, occurred_at: ago(1_000) }])).toMatchObject({
      rejected: [{ index: 0, problem: { type: '/problems/idempotency-conflict' } }],
    });
  });

  test.each([
    ['input_tokens', 1_001],
    ['user_id', 'ben'],
    ['team_id', 'lab'],
    ['model', 'gpt-4o-mini'],
    ['cost', { value: '1', currency: 'USD' }],
    ['success', false],
    ['metadata', { a: 1 }],
    ['batch', true],
    ['latency_ms', 3],
  ])('with another %s is rejected, in one batch as across requests', async (name, value) => {
    const sent = event();
    const other = { ...sent, [name]: value };
    const conflict = { problem: { type: '/problems/idempotency-conflict', status: 409 } };
    expect(await office.report([sent, other])).toMatchObject({
      accepted: 1,
      duplicates: 0,
      rejected: [{ index: 1, ...conflict }],
    });
    expect(await office.report([other])).toMatchObject({
      accepted: 0,
      duplicates: 0,
      rejected: [{ index: 0, ...conflict }],
    });
  });

  test('sent by many at once is booked once', async () => {
    const events = Array.from({ length: 50 }, () => event());
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, turn) => office.report(turn % 2 ? events : events.toReversed())),
    );
    expect(answers.reduce((sum, answer) => sum + answer.accepted, 0)).toBe(50);
    expect(answers.reduce((sum, answer) => sum + answer.duplicates, 0)).toBe(250);
  });
});

describe('an event is rejected', () => {
  const wrong: [string, Json, string][] = [
    ['negative tokens', { output_tokens: -5 }, 'output_tokens'],
    ['absurd tokens', { input_tokens: 1e12 }, 'input_tokens'],
    ['fractions of tokens', { input_tokens: 1.5 }, 'input_tokens'],
    ['more cached tokens than there were', { cached_input_tokens: 2_000 }, 'input_tokens'],
    ['an unknown team', { team_id: 'nowhere' }, 'team_id'],
    ['an unknown user', { user_id: 'nobody' }, 'user_id'],
    ['a time in the future', { occurred_at: ago(-DAY) }, 'occurred_at'],
    ['a time long ago', { occurred_at: ago(91 * DAY) }, 'occurred_at'],
    ['a day that is not there', { occurred_at: '2026-02-30T00:00:00Z' }, 'occurred_at'],
    ['a currency without an exchange rate', { cost: { value: '1', currency: 'JPY' } }, 'cost.currency'],
    ['a currency that does not exist', { cost: { value: '1', currency: 'XXQ' } }, 'cost'],
    ['a cost as a number', { cost: 1 }, 'cost'],
    ['a negative cost', { cost: { value: '-1', currency: 'USD' } }, 'cost'],
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['a name of what every object has', { toString: 'x' }, 'toString'],
    ['a model with a quote and a space', { model: 'a "b"' }, 'model'],
    ['a body without usage', { input_tokens: undefined, output_tokens: undefined, response: {} }, 'response'],
    ['both a body and counts', { response: { usage: {} } }, 'response'],
    ['too much metadata', { metadata: { text: 'x'.repeat(5_000) } }, 'metadata'],
  ];
  test.each(wrong)('for %s', async (_, more, path) => {
    const answer = await office.report([event(more), event()]);
    expect(answer).toMatchObject({
      accepted: 1,
      rejected: [
        { index: 0, problem: { type: '/problems/invalid-request', errors: [{ path, message: expect.any(String) }] } },
      ],
    });
  });

  test.each(['id', 'team_id', 'user_id', 'provider', 'model', 'input_tokens', 'output_tokens', 'occurred_at'])(
    'without %s',
    async (name) => {
      expect(await office.report([without(name, event())])).toMatchObject({
        accepted: 0,
        rejected: [{ index: 0, problem: { errors: [{ path: name }] } }],
      });
    },
  );

  test('that lies 80 days back or a minute ahead is not', async () => {
    expect(
      await office.report([event({ occurred_at: ago(80 * DAY) }), event({ occurred_at: ago(-60_000) })]),
    ).toMatchObject({ accepted: 2 });
  });
});

describe('who may report', () => {
  test('whose usage', async () => {
    const forWhom: [key: string, more: Json, accepted: number][] = [
      ['service', { team_id: 'berlin' }, 1],
      ['lab-service', { team_id: 'lab' }, 1],
      ['lab-service', {}, 0],
      ['ana', {}, 1],
      ['ana', { user_id: 'ben' }, 0],
      ['ana', { team_id: 'berlin' }, 0],
      ['lead', { user_id: 'ben', team_id: 'lab' }, 1],
      ['lead', { user_id: 'ben', team_id: 'berlin' }, 0],
      ['money', { user_id: 'money' }, 1],
    ];
    for (const [key, more, accepted] of forWhom) {
      const answer = await office.report([event(more)], office.keys[key]);
      expect({
        key,
        more,
        accepted: answer.accepted,
        types: answer.rejected.map((rejected: { problem: Json }) => rejected.problem['type']),
      }).toEqual({ key, more, accepted, types: accepted ? [] : ['/problems/forbidden'] });
    }
  });

  test('takes the scope usage:write', async () => {
    const { key } = await office.system.need('POST', '/api/v1/api-keys', {
      service_name: 'reader',
      scopes: ['billing:read'],
    });
    expect(await office.system.api('POST', '/api/v1/usage', { events: [event()] }, key)).toMatchObject({ status: 403 });
  });
});

describe('a line of the ledger', () => {
  test('names the price version it was priced with', async () => {
    expect(await lineOf({ input_tokens: 1_000_000, cached_input_tokens: 200_000, output_tokens: 10 })).toMatchObject({
      // 800,000 at $2.50 and 200,000 at $1.25 a million, 10 at $10.
      cost: '2.250100000000',
      currency: 'USD',
      priced_by: 'catalogue',
      price_version: expect.stringMatching(/^genai-prices \d+\.\d+\.\d+ openai\/gpt-4o$/),
      kind: 'usage',
      success: true,
    });
  });

  test('keeps a stated cost to the last digit', async () => {
    expect(await lineOf({ cost: { value: '123456789012345.123456789012', currency: 'USD' } })).toMatchObject({
      cost: '123456789012345.123456789012',
      priced_by: 'caller',
      price_version: null,
    });
  });

  test('of an unknown model has no price, and counts as unpriced', async () => {
    expect(await lineOf({ provider: 'in-house', model: 'our\\own?{model}"1"', user_id: 'ben' })).toMatchObject({
      cost: null,
      priced_by: null,
      model: 'our\\own?{model}"1"',
    });
    expect(
      await office.rows(`select events, unpriced, cost from countersign.usage_rollups where provider = 'in-house'`),
    ).toEqual([{ events: '1', unpriced: '1', cost: '0.000000000000' }]);
  });

  test('takes its counts from the provider’s own answer', async () => {
    const openai = {
      model: 'gpt-4o-2024-08-06',
      choices: [{ message: { content: 'secret words' } }],
      usage: {
        prompt_tokens: 2_000,
        completion_tokens: 500,
        prompt_tokens_details: { cached_tokens: 1_000 },
        completion_tokens_details: { reasoning_tokens: 100 },
      },
    };
    expect(
      await lineOf({ response: openai, model: undefined, input_tokens: undefined, output_tokens: undefined }),
    ).toMatchObject({
      model: 'gpt-4o-2024-08-06',
      input_tokens: '2000',
      cached_input_tokens: '1000',
      output_tokens: '500',
      reasoning_tokens: '100',
      cost: '0.008750000000',
    });
  });

  test('is booked without a price where the provider’s answer leaves open what was cached', async () => {
    const usageMetadata = {
      promptTokenCount: 120,
      cachedContentTokenCount: 100,
      candidatesTokenCount: 1,
      promptTokensDetails: [
        { modality: 'AUDIO', tokenCount: 50 },
        { modality: 'IMAGE', tokenCount: 50 },
      ],
    };
    const sent = {
      provider: 'google',
      model: undefined,
      input_tokens: undefined,
      output_tokens: undefined,
      response: { modelVersion: 'gemini-2.5-flash', usageMetadata },
    };
    expect(await lineOf(sent)).toMatchObject({
      input_tokens: '120',
      cached_input_tokens: '100',
      cost: null,
      other_tokens: { input_image_tokens: 50 },
    });
    expect(await lineOf({ ...sent, cost: { value: '0.25', currency: 'USD' } })).toMatchObject({
      cost: '0.250000000000',
    });
  });

  test('prices a cached document at the price of what is cached', async () => {
    const usageMetadata = {
      promptTokenCount: 100_000,
      cachedContentTokenCount: 98_000,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 2_000 },
        { modality: 'DOCUMENT', tokenCount: 98_000 },
      ],
      cacheTokensDetails: [{ modality: 'DOCUMENT', tokenCount: 98_000 }],
    };
    const line = await lineOf({
      provider: 'google',
      model: undefined,
      input_tokens: undefined,
      output_tokens: undefined,
      response: { modelVersion: 'gemini-2.5-flash', usageMetadata },
    });
    // 2,000 at $0.30 and 98,000 at $0.03 a million.
    expect(line).toMatchObject({
      cost: '0.003540000000',
      other_tokens: { input_image_tokens: 98_000, cached_image_tokens: 98_000 },
    });
  });

  describe('of a call that OpenAI served in another tier', () => {
    const answered = (service_tier: string, more: Json = {}) => ({
      model: undefined,
      input_tokens: undefined,
      output_tokens: undefined,
      response: { model: 'gpt-5-mini', service_tier, usage: { prompt_tokens: 1_000_000, completion_tokens: 0 } },
      ...more,
    });

    test('costs what the batch API does where that is flex', async () => {
      expect(await lineOf(answered('default'))).toMatchObject({ cost: '0.250000000000', service_tier: null });
      expect(await lineOf(answered('flex'))).toMatchObject({ cost: '0.125000000000', batched: true });
    });

    test('has no price where nobody knows it: neither the cost is stated, nor a price of your own set', async () => {
      expect(await lineOf(answered('priority'))).toMatchObject({ cost: null, service_tier: 'priority' });
      expect(await lineOf(answered('priority', { cost: { value: '2', currency: 'USD' } }))).toMatchObject({
        cost: '2.000000000000',
      });
      await office.system.need('PUT', '/api/v1/organization/rates/openai/gpt-5-mini', {
        currency: 'USD',
        per_million: { input_tokens: '0.45', output_tokens: '3' },
      });
      expect(await lineOf(answered('priority'))).toMatchObject({ cost: '0.450000000000', priced_by: 'own-rate' });
    });
  });

  test('can be neither changed nor deleted, by whoever it may be', async () => {
    await expect(office.rows(`update countersign.ledger_lines set cost = 0`)).rejects.toThrow(/takes new rows only/);
    await expect(office.rows(`delete from countersign.ledger_lines`)).rejects.toThrow(/takes new rows only/);
  });

  test('lies in the partition of its month', async () => {
    await office.report([event({ occurred_at: ago(60 * DAY) })]);
    const rows = await office.rows<{ name: string; month: string }>(
      `select distinct tableoid::regclass::text as name, to_char(occurred_at at time zone 'UTC', 'YYYY_MM') as month from countersign.ledger_lines`,
    );
    expect(rows.length).toBeGreaterThan(1);
    for (const { name, month } of rows) expect(name).toBe(`ledger.lines_${month}`);
  });
});
