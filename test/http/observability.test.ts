import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { ProblemError } from '../../src/platform/errors.ts';
import { describeError } from '../../src/platform/observability/describe-error.ts';
import { createLogger } from '../../src/platform/observability/log.ts';
import { createMetrics } from '../../src/platform/observability/metrics.ts';
import { redact } from '../../src/platform/observability/redact.ts';

const SECRET = 'jane.doe@example.com';

function capture(logLevel = 'info') {
  const lines: string[] = [];
  return { logger: createLogger({ logLevel }, { write: (line) => void lines.push(line) }), lines };
}

describe('the log', () => {
  test('is one JSON object a line, with a readable level and time', () => {
    const { logger, lines } = capture();
    logger.info({ requestId: 'r' }, 'said');
    logger.debug('not said');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      requestId: 'r',
      msg: 'said',
    });
  });

  test('takes out what is secret or personal, in lines and in what child loggers carry along', () => {
    const { logger, lines } = capture();
    logger
      .child({ token: SECRET, part: 'relay' })
      .info({ headers: { Authorization: SECRET }, person: { Email: SECRET }, list: [{ api_key: SECRET }] }, 'said');
    expect(lines.join('')).not.toContain(SECRET);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      token: '[redacted]',
      part: 'relay',
      headers: '[redacted]',
      person: { Email: '[redacted]' },
      list: [{ api_key: '[redacted]' }],
    });
  });

  test('keeps of an error what helps, under whichever name it is logged', () => {
    const { logger, lines } = capture();
    const row = Object.assign(new Error(`duplicate key: ${SECRET}`), {
      code: '23505',
      detail: `Key (email)=(${SECRET})`,
      table: 'people',
      query: SECRET,
    });
    const error = new Error(SECRET, { cause: row });
    logger.error({ err: error }, 'failed');
    logger.error({ error }, 'failed');
    expect(lines.join('')).not.toContain(SECRET);
    for (const [line, name] of [
      [lines[0], 'err'],
      [lines[1], 'error'],
    ] as const) {
      expect(JSON.parse(line ?? '')[name]).toMatchObject({
        type: 'Error',
        stack: expect.stringContaining('observability.test.ts'),
        cause: { code: '23505', table: 'people' },
      });
    }
  });
});

describe('redact', () => {
  const names = fc.constantFrom(
    'email',
    'Email',
    'set-cookie',
    'setCookie',
    'SET_COOKIE',
    'api_key',
    'apiKey',
    'password',
    'title',
    'comment',
  );
  /** Something with the secret under a sensitive name, somewhere in it. */
  const { line } = fc.letrec<{ line: object; value: unknown }>((tie) => ({
    line: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { minKeys: 1 }),
    value: fc.oneof(
      { maxDepth: 8 },
      fc.tuple(names).map(([name]) => ({ [name]: SECRET })),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('line'),
    ),
  }));

  test('whatever the depth, the spelling and the lists around it, a sensitive member does not come through', () => {
    fc.assert(
      fc.property(line, (value) => {
        expect(JSON.stringify(redact(value))).not.toContain(SECRET);
      }),
    );
  });

  test('what holds itself ends', () => {
    const round: Record<string, unknown> = { id: 1 };
    round['again'] = round;
    expect(JSON.stringify(redact(round))).toContain('[redacted]');
  });

  test('numbers, flags and ids stay', () => {
    const harmless = { requestId: 'r', ms: 3, ok: true, nothing: null, list: [1, 2], at: new Date(0) };
    expect(redact(harmless)).toEqual(harmless);
  });
});

describe('describeError', () => {
  test('never holds the text of a foreign error, wherever in the chain of causes it stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.constantFrom('23505', 'EENVELOPE', undefined), (depth, code) => {
        let error = Object.assign(new SyntaxError(`Unexpected token in ${SECRET}`), {
          code,
          detail: SECRET,
          response: SECRET,
        });
        for (let i = 0; i < depth; i += 1)
          error = Object.assign(new Error(SECRET, { cause: error }), { code, detail: SECRET, response: SECRET });
        expect(JSON.stringify(describeError(error))).not.toContain(SECRET);
      }),
    );
  });

  test('keeps the message of our own errors, of defects, and of the system', () => {
    expect(describeError(new ProblemError('already-exists', 'There is one.')).message).toBe('There is one.');
    expect(describeError(new TypeError('x is not a function')).message).toBe('x is not a function');
    expect(
      describeError(
        Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED', syscall: 'connect' }),
      ).message,
    ).toContain('5432');
    expect(describeError(new ProblemError('invalid-request', SECRET)).message).toBeUndefined();
  });

  test('is not upset by what is no error', () => {
    for (const thrown of [undefined, null, SECRET, 7, { email: SECRET }])
      expect(JSON.stringify(describeError(thrown))).not.toContain(SECRET);
  });
});

describe('the metrics', () => {
  test('count what the relay does, what was decided, and how the pool is used', async () => {
    const metrics = createMetrics();
    metrics.relay.delivered('mail');
    metrics.relay.retried('webhook', 'timeout');
    metrics.relay.givenUp('webhook', 'gone');
    metrics.relay.lag('mail', 250);
    metrics.approvalDecided('approved', 'link');
    metrics.watchPool('app', () => ({ totalCount: 5, idleCount: 2, waitingCount: 1 }));
    const text = await metrics.registry.metrics();
    for (const line of [
      'countersign_outbox_delivered_total{channel="mail"} 1',
      'countersign_outbox_retried_total{channel="webhook",code="timeout"} 1',
      'countersign_outbox_given_up_total{channel="webhook",code="gone"} 1',
      'countersign_outbox_lag_seconds_sum{channel="mail"} 0.25',
      'countersign_approval_decisions_total{outcome="approved",channel="link"} 1',
      'countersign_database_connections{pool="app",state="in_use"} 3',
      'countersign_database_connections{pool="app",state="waiting"} 1',
    ])
      expect(text).toContain(line);
  });

  test('a pool that cannot be looked at takes nothing away from the rest', async () => {
    const metrics = createMetrics();
    metrics.watchPool('app', async () => Promise.reject(new Error('gone')));
    metrics.answerReplayed();
    expect(await metrics.registry.metrics()).toContain('countersign_idempotent_replays_total 1');
  });
});

test('a silent log writes nothing at all', () => {
  const { logger, lines } = capture('silent');
  logger.fatal('x');
  expect(lines).toEqual([]);
  expect(pino.levels.values['fatal']).toBe(60);
});
