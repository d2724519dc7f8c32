/**
 * Records a history of every scenario with the workflow as it now is: `node scripts/record-histories.ts v2`. A version that
 * was released is never recorded again: its histories stand for the workflows that are under way out there.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HISTORIES_SECRET } from '../test/histories/support/key.ts';
import { type History, historyToObject } from '../test/histories/support/stored.ts';
import { Lives, SCENARIOS } from '../test/histories/support/scenarios.ts';
import globalSetup from '../test/support/global-setup.ts';
import globalTeardown from '../test/support/global-teardown.ts';
import { until } from '../test/workflows/support/api-caller.ts';
import { startImpatientTemporal } from '../test/workflows/support/impatient-temporal.ts';
import { RealWorld } from '../test/workflows/support/real-world.ts';
import { approvalWorkflowId } from '../workflows/contracts/approvals.ts';

const SUGGESTED_FROM_EVENTS = 60;

async function recordAll(folder: string, world: RealWorld): Promise<void> {
  await world.product.startWorker();
  const lives = await Lives.prepare(world);
  for (const [name, live] of Object.entries(SCENARIOS)) {
    const runs = await runsOf(world, await live(lives));
    for (const [index, history] of runs.entries()) {
      const file = `${name}${runs.length > 1 ? `-${index + 1}` : ''}.json`;
      await writeFile(join(folder, file), `${JSON.stringify(withoutIdentities(historyToObject(history)), null, 1)}\n`);
      process.stdout.write(`${file}: ${history.events?.length ?? 0} events\n`);
    }
  }
}

/** The histories of all runs of a request's workflow, the first run first. */
async function runsOf(world: RealWorld, approval: string): Promise<History[]> {
  const { workflow } = world.product.core.temporal.client;
  const workflowId = approvalWorkflowId(approval);
  await until(async () => (await workflow.getHandle(workflowId).describe()).status.name === 'COMPLETED', 'the workflow ends');
  const histories: History[] = [];
  for (let run = (await workflow.getHandle(workflowId).fetchHistory()).events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId; run; ) {
    const history = await workflow.getHandle(workflowId, run).fetchHistory();
    histories.push(history);
    run = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return histories;
}

/** Which process on which machine it was is nobody's business. */
function withoutIdentities(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIdentities);
  // A worker's own task queue is named after its process and machine.
  if (typeof value === 'string') return value.replace(/^\d+@.+-([0-9a-f]{32})$/, 'sticky-$1');
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (HOST_FIELDS.has(name) ? [] : [[name, withoutIdentities(member)]])));
}

const HOST_FIELDS = new Set(['identity', 'stickyAttributes', 'workerVersion', 'binaryChecksum']);

const [version] = process.argv.slice(2);
if (!version || !/^v\d+$/.test(version)) throw new Error('Say which version is recorded: node scripts/record-histories.ts v2');
const folder = fileURLToPath(new URL(`../test/histories/${version}/`, import.meta.url));
await mkdir(folder, { recursive: true });
await globalSetup();
const temporal = await startImpatientTemporal(SUGGESTED_FROM_EVENTS);
const world = await RealWorld.start(temporal.address, HISTORIES_SECRET);
try {
  await recordAll(folder, world);
} finally {
  await world.stop();
  await temporal.teardown();
  await globalTeardown();
}
