import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';
import { keyIn, runCli } from './support/run-cli.ts';

const SECRET = randomBytes(32).toString('hex');
let system: TestSystem;
let environment: Record<string, string>;

beforeAll(async () => {
  system = await startTestSystem({ environment: { COUNTERSIGN_SECRET_KEY: SECRET } });
  const { surroundings, config } = system.core;
  environment = {
    DATABASE_URL: surroundings.databaseUrl,
    DATABASE_MIGRATION_URL: system.databaseAdminUrl,
    COUNTERSIGN_SECRET_KEY: surroundings.secret,
    TEMPORAL_ADDRESS: surroundings.temporalAddress,
    TEMPORAL_TASK_QUEUE: config.temporal.taskQueue,
    SMTP_URL: surroundings.smtpUrl,
  };
  await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  await system.person('research', 'ada', ['member']);
  await system.person('research', 'max', ['manager']);
});

afterAll(() => system?.stop());

const run = (args: readonly string[], input?: string) => runCli(args, environment, input);

function ask(stage: object = {}) {
  return system.need('POST', '/api/v1/approvals', {
    team_id: 'research',
    kind: 'generic',
    title: `Request ${randomBytes(4).toString('hex')}`,
    requester_id: 'ada',
    chain: { stages: [{ approvers: [{ user_id: 'max' }], ...stage }] },
  });
}

describe('countersign', () => {
  test('lists its commands', async () => {
    const { exitCode, output } = await run(['--help']);
    expect(exitCode).toBe(0);
    for (const command of ['migrate', 'doctor', 'organization', 'key', 'outbox', 'workflows'])
      expect(output).toContain(`\n  ${command}`);
  });

  test('refuses what it does not know', async () => {
    expect(await run(['conjure'])).toMatchObject({ exitCode: 1, errors: expect.stringContaining('unknown command') });
  });
});

describe('countersign doctor', () => {
  test('finds nothing wrong with a system that runs', async () => {
    const { exitCode, output } = await run(['doctor']);
    expect({ exitCode, failures: /FAILURE.*/.exec(output)?.[0] }).toEqual({ exitCode: 0, failures: undefined });
    expect(output).toContain('cannot get past row-level security');
    expect(output).toContain('The master secret opens the stored keys.');
    expect(output).toContain('1 worker polls');
    expect(output).toContain('The audit log is sealed.');
    expect(output).toContain('Every entry of the audit log is in the partition of its month.');
  });

  test('warns of a login that can get past row-level security', async () => {
    const { exitCode, output } = await runCli(['doctor'], { ...environment, DATABASE_URL: system.databaseAdminUrl });
    expect(exitCode).toBe(0);
    expect(output).toMatch(/WARNING {2}The login postgres can get past row-level security/);
  });

  test('fails where the master secret is another one, Temporal is away, or the mail server is none', async () => {
    const wrong = {
      COUNTERSIGN_SECRET_KEY: 'f'.repeat(64),
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      SMTP_URL: 'smtp://127.0.0.1:1',
    };
    const { exitCode, output } = await runCli(['doctor'], { ...environment, ...wrong });
    expect(exitCode).toBe(1);
    expect(output).toContain('The master secret is not the one that this database was made with');
    expect(output).toContain('Temporal at 127.0.0.1:1 does not answer');
    expect(output).toContain('The mail server at 127.0.0.1:1 does not answer');
    expect(output).toContain('3 failures');
  });

  test('fails where entries of the audit log wait to be sealed, and nobody does', async () => {
    const admin = new Client({ connectionString: system.databaseAdminUrl });
    await admin.connect();
    const orphan = '00000000-0000-7000-8000-00000000dead';
    await admin.query(
      `insert into countersign.audit_pending (organization_id, at, entry_id, queued_at) values ($1, now(), $1, now() - interval '3 minutes')`,
      [orphan],
    );
    const { exitCode, output } = await run(['doctor']);
    await admin.query('delete from countersign.audit_pending where organization_id = $1', [orphan]);
    await admin.end();
    expect({ exitCode, said: /FAILURE {2}An entry of the audit log has waited for 18\d s/.test(output) }).toEqual({
      exitCode: 1,
      said: true,
    });
  });

  test('warns of entries of the audit log that no partition was there for, and the docs say how to move them', async () => {
    const { work } = system.core;
    const origin = {
      organization: DEFAULT_ORGANIZATION,
      actor: { type: 'system' as const, id: null },
      requestId: null,
    };
    await work.write(
      origin,
      async (tx) => tx.record({ action: 'team.made', resource: { type: 'team', id: DEFAULT_ORGANIZATION } }),
      new Date('2031-05-06T07:08:09Z'),
    );
    const warned = await run(['doctor']);
    expect(warned.exitCode).toBe(0);
    expect(warned.output).toMatch(/WARNING {2}Entries of the audit log are in no partition .*: 2031-05 \(1\)\./);
    const document = await readFile(new URL('../../docs/AUDIT.md', import.meta.url), 'utf8');
    const [, sql] = /^```sql\n-- stray entries\n(.*?)^```/ms.exec(document)!;
    const admin = new Client({ connectionString: system.databaseAdminUrl });
    await admin.connect();
    await admin.query(sql!);
    const { rows } = await admin.query('select count(*)::int as n from countersign.audit_entries_2031_05');
    await admin.end();
    expect(rows).toEqual([{ n: 1 }]);
    expect((await run(['doctor'])).output).toContain('Every entry of the audit log is in the partition of its month.');
  });

  test('names a variable that is wrong, and not its value', async () => {
    const { exitCode, output } = await runCli(['doctor'], { ...environment, COUNTERSIGN_SECRET_KEY: 'not-a-secret' });
    expect({
      exitCode,
      named: output.includes('COUNTERSIGN_SECRET_KEY'),
      shown: output.includes('not-a-secret'),
    }).toEqual({ exitCode: 1, named: true, shown: false });
  });
});

describe('countersign organization create', () => {
  test('makes an organization of its own, and its owner’s key', async () => {
    const made = await run(['organization', 'create', 'Acme']);
    expect(made.exitCode).toBe(0);
    expect(await system.need('GET', '/api/v1/teams', undefined, keyIn(made))).toEqual({ items: [], next_cursor: null });
  });

  test('refuses a name that is none', async () => {
    expect(await run(['organization', 'create', ' '])).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining('1 to 200 characters'),
    });
  });
});

describe('countersign key', () => {
  test('makes another operator’s key, and revokes it by itself, at once', async () => {
    const key = keyIn(await run(['key', 'create-operator']));
    expect(await system.api('GET', '/api/v1/teams/research', undefined, key)).toMatchObject({ status: 200 });
    expect(await run(['key', 'revoke', '-'], `${key}\n`)).toMatchObject({ exitCode: 0 });
    expect(await system.api('GET', '/api/v1/teams/research', undefined, key)).toMatchObject({ status: 401 });
    expect(await run(['key', 'revoke', '-'], `${key}\n`)).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining('no live key'),
    });
  });

  test('revokes a key by its id, in its own organization only', async () => {
    const { id, key } = await system.need('POST', '/api/v1/api-keys', { service_name: 'ci' });
    const elsewhere = '00000000-0000-7000-8000-00000000ffff';
    expect(await run(['key', 'revoke', id, '--organization', elsewhere])).toMatchObject({ exitCode: 1 });
    expect(await system.api('GET', '/api/v1/approvals', undefined, key)).toMatchObject({ status: 200 });
    expect(await run(['key', 'revoke', id])).toMatchObject({ exitCode: 0 });
    expect(await system.api('GET', '/api/v1/approvals', undefined, key)).toMatchObject({ status: 401 });
  });
});

describe('countersign outbox', () => {
  test('asks again with a new link where the mail that asked was given up', async () => {
    await system.stopWorker();
    const request = await ask();
    await asAdmin(
      `update countersign.outbox set failed_at = now(), last_error = 'smtp-550-5.1.1', body = null where reference->>'approval' = '${request.id}' and channel = 'mail'`,
    );
    const listed = await run(['outbox', 'failed']);
    expect(listed.output).toMatch(new RegExp(`mail +smtp-550-5.1.1 .*approval=${request.id}`));

    expect(await run(['outbox', 'retry', '--all'])).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('is reminded'),
    });
    expect((await run(['outbox', 'failed'])).output).toContain('Nothing was given up.');
    await system.startWorker();
    const mail = await system.until(
      async () => (await system.mails('max@example.test')).find(({ subject }) => subject.includes(request.title)),
      'the reminder',
      40_000,
    );
    expect(mail).toMatchObject({ subject: expect.stringMatching(/^Reminder/), text: expect.stringContaining('/r/') });
  });

  test('drops what nobody needs any more, and says of other mails that their text is gone', async () => {
    await system.stopWorker();
    const request = await ask();
    await asAdmin(
      `update countersign.approvals set state = 'withdrawn' where id = '${request.id}'`,
      `update countersign.outbox set failed_at = now(), last_error = 'smtp-550', body = null where reference->>'approval' = '${request.id}' and channel = 'mail'`,
      `insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at, failed_at, last_error)
       values ('00000000-0000-7000-8000-0000000000aa', '00000000-0000-7000-8000-000000000001', 'mail', '{"template":"key-made"}', now(), now(), now(), 'smtp-550')`,
    );
    const { output } = await run(['outbox', 'retry', '--all']);
    expect(output).toContain('dropped');
    expect(output).toContain('00000000-0000-7000-8000-0000000000aa: cannot be sent again');
    await system.startWorker();
  });

  test('names what it does not find', async () => {
    const unknown = '00000000-0000-7000-8000-0000000000bb';
    expect(await run(['outbox', 'retry', unknown])).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining(unknown),
    });
    expect(await run(['outbox', 'retry'])).toMatchObject({ exitCode: 1, errors: expect.stringContaining('--all') });
  });
});

describe('countersign workflows resume', () => {
  test('has a deadline fire whose workflow was lost', async () => {
    const request = await ask({ timeout: 'PT2S' });
    await system.core.temporal.client.workflow.getHandle(`approval-${request.id}`).terminate('lost');
    expect(await run(['workflows', 'resume'])).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('open request'),
    });
    const closed = await system.until(
      async () => {
        const now = await system.need('GET', `/api/v1/approvals/${request.id}`);
        return now.state === 'rejected' && now;
      },
      'the deadline',
      40_000,
    );
    expect(closed.outcome_reason).toContain('not answered in time');
  });

  test('has a budget be enforced again whose saga was lost', async () => {
    const amount = { value: '1', currency: 'USD' };
    const path = '/api/v1/teams/saga';
    await system.need('POST', '/api/v1/teams', { id: 'saga', name: 'Saga' });
    await system.person('saga', 'saga-boss', ['admin']);
    await system.person('saga', 'saga-user', ['member']);
    await system.need('PUT', `${path}/budgets/main`, { amount, period: 'monthly' });
    const call = { id: 'saga', team_id: 'saga', user_id: 'saga-user', provider: 'openai', model: 'gpt-4o' };
    await system.need('POST', '/api/v1/usage', {
      events: [{ ...call, input_tokens: 1, output_tokens: 1, cost: amount, occurred_at: new Date().toISOString() }],
    });
    const { workflow } = system.core.temporal.client;
    const isRunning = async () => {
      for await (const { workflowId, status } of workflow.list({
        query: `TaskQueue = '${system.core.config.temporal.taskQueue}' and WorkflowType = 'budgetEnforcement'`,
      }))
        if (status.name === 'RUNNING') return workflowId;
      return null;
    };
    const saga = await system.until(isRunning, 'the saga runs', 40_000);
    await workflow.getHandle(saga).terminate('lost');
    expect((await workflow.getHandle(saga).describe()).status.name).toBe('TERMINATED');
    expect(await run(['workflows', 'resume'])).toMatchObject({ exitCode: 0 });
    await system.until(
      async () => (await workflow.getHandle(saga).describe()).status.name === 'RUNNING',
      'the saga runs again',
      40_000,
    );
  });
});

async function asAdmin(...statements: readonly string[]): Promise<void> {
  const admin = new Client({ connectionString: system.databaseAdminUrl });
  await admin.connect();
  try {
    for (const statement of statements) await admin.query(statement);
  } finally {
    await admin.end();
  }
}
