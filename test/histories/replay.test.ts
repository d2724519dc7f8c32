import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type ReplayResult,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { fileURLToPath } from 'node:url';
import { MasterKey } from '../../src/platform/crypto/master-key.ts';
import { dataConverter } from '../../src/platform/temporal/connection.ts';
import { HISTORIES_SECRET } from './support/key.ts';
import { type StoredHistory, storedHistories, storedVersions } from './support/stored.ts';

const RELEASED = '../../workflows/index.ts';
const quiet = new DefaultLogger('ERROR');

let histories: StoredHistory[];

beforeAll(async () => {
  // A replay that fails, as one has to here, would be told at length.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: 'off', forward: {} } },
  });
  histories = (await Promise.all((await storedVersions()).map(storedHistories))).flat();
});

/** Runs every stored history through a bundle. @returns its results by the history's name */
async function replayAll(workflows: string): Promise<Map<string, ReplayResult>> {
  const workflowBundle: WorkflowBundleWithSourceMap = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(workflows, import.meta.url)),
    logger: quiet,
  });
  const results = new Map<string, ReplayResult>();
  const replayed = Worker.runReplayHistories(
    { workflowBundle, dataConverter: dataConverter(new MasterKey(HISTORIES_SECRET).payloads) },
    histories,
  );
  for await (const result of replayed) {
    const stored = histories.find(
      ({ history }) =>
        history.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId === result.runId,
    );
    results.set(stored?.name ?? result.runId, result);
  }
  return results;
}

describe('the stored histories', () => {
  test('hold what can happen to a request, to a budget, to the sealing, the exports and the archives of the audit log, and to usage reports', () => {
    const names = histories.map(({ name }) => name.split('/')[1]);
    expect(names).toEqual(
      expect.arrayContaining([
        'approve-in-two-stages',
        'reject',
        'escalate',
        'expire',
        'resubmit',
        'change-of-people',
        'continue-as-new-1',
        'continue-as-new-2',
        'audit-sealing-1',
        'audit-sealing-2',
        'audit-export',
        'budget-enforcement',
        'usage-report',
        'audit-archiving',
      ]),
    );
    const events = histories.flatMap(({ history }) => history.events ?? []);
    const updates = new Set(
      events.flatMap(
        (event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name ?? [],
      ),
    );
    expect([...updates].toSorted()).toEqual(['decide', 'reassign', 'refresh', 'remind', 'resubmit', 'withdraw']);
    expect(events.filter((event) => event.timerFiredEventAttributes).length).toBeGreaterThan(0);
    expect(events.filter((event) => event.workflowExecutionContinuedAsNewEventAttributes).length).toBeGreaterThan(0);
  });

  test('replay with the workflows as they are now', async () => {
    const results = await replayAll(RELEASED);
    expect([...results.keys()].toSorted()).toEqual(histories.map(({ name }) => name).toSorted());
    expect([...results].filter(([, { error }]) => error !== undefined)).toEqual([]);
  });

  test('do not replay with a workflow that was changed incompatibly', async () => {
    const results = await replayAll('./incompatible/index.ts');
    expect(results.size).toBe(histories.length);
    for (const [name, { error }] of results)
      expect({ name, failed: error instanceof DeterminismViolationError }).toEqual({ name, failed: true });
  });

  test('replay with the same change where `patched` guards it', async () => {
    const results = await replayAll('./patched/index.ts');
    expect(results.size).toBe(histories.length);
    expect([...results].filter(([, { error }]) => error !== undefined)).toEqual([]);
  });
});
