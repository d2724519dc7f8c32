/**
 * Records histories with the workflows as they now are, of all scenarios or of those that are named:
 * `node scripts/record-histories.ts v2 [reject audit-sealing ...]`. A version that was released is never recorded again: its
 * histories stand for the workflows that are under way out there.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enforceUntilTheEnd } from '../test/histories/support/enforcing.ts';
import { archiveOnceAndWait } from '../test/histories/support/archiving.ts';
import { exportWithOneFailure } from '../test/histories/support/exporting.ts';
import { HISTORIES_SECRET } from '../test/histories/support/key.ts';
import { reportWithOneFailure } from '../test/histories/support/reporting.ts';
import { type History, historyToObject } from '../test/histories/support/stored.ts';
import { Lives, SCENARIOS } from '../test/histories/support/scenarios.ts';
import { sealForTwoTurns } from '../test/histories/support/sealing.ts';
import globalSetup from '../test/support/global-setup.ts';
import globalTeardown from '../test/support/global-teardown.ts';
import { until } from '../test/support/api-caller.ts';
import { startImpatientTemporal } from '../test/workflows/support/impatient-temporal.ts';
import { RealWorld } from '../test/workflows/support/real-world.ts';
import { approvalWorkflowId } from '../workflows/contracts/approvals.ts';

const SUGGESTED_FROM_EVENTS = 60;

const SEALING = 'audit-sealing';
const EXPORT = 'audit-export';
const ENFORCEMENT = 'budget-enforcement';
const REPORT = 'usage-report';
const ARCHIVING = 'audit-archiving';

async function recordAll(folder: string, world: RealWorld, isWanted: (name: string) => boolean): Promise<void> {
  if (isWanted(SEALING)) await record(folder, SEALING, await runsOf(world, await sealForTwoTurns(world)));
  if (isWanted(EXPORT)) await record(folder, EXPORT, await runsOf(world, await exportWithOneFailure(world)));
  if (isWanted(ENFORCEMENT)) {
    await world.product.startWorker();
    await record(folder, ENFORCEMENT, await runsOf(world, await enforceUntilTheEnd(world)));
  }
  if (isWanted(REPORT)) await record(folder, REPORT, await runsOf(world, await reportWithOneFailure(world)));
  if (isWanted(ARCHIVING)) await record(folder, ARCHIVING, await runsOf(world, await archiveOnceAndWait(world)));
  const wanted = Object.entries(SCENARIOS).filter(([name]) => isWanted(name));
  if (wanted.length === 0) return;
  await world.product.startWorker();
  const lives = await Lives.prepare(world);
  for (const [name, live] of wanted)
    await record(folder, name, await runsOf(world, approvalWorkflowId(await live(lives))));
}

async function record(folder: string, name: string, runs: readonly History[]): Promise<void> {
  for (const [index, history] of runs.entries()) {
    const file = `${name}${runs.length > 1 ? `-${index + 1}` : ''}.json`;
    await writeFile(join(folder, file), `${JSON.stringify(withoutIdentities(historyToObject(history)), null, 1)}\n`);
    process.stdout.write(`${file}: ${history.events?.length ?? 0} events\n`);
  }
}

/** The histories of all runs of a workflow, the first run first. */
async function runsOf(world: RealWorld, workflowId: string): Promise<History[]> {
  const { workflow } = world.product.core.temporal.client;
  await until(
    async () => (await workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING',
    'the workflow ends',
  );
  const histories: History[] = [];
  for (
    let run = (await workflow.getHandle(workflowId).fetchHistory()).events?.[0]?.workflowExecutionStartedEventAttributes
      ?.firstExecutionRunId;
    run;
  ) {
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
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      HOST_FIELDS.has(name) ? [] : [[name, withoutIdentities(member)]],
    ),
  );
}

const HOST_FIELDS = new Set(['identity', 'stickyAttributes', 'workerVersion', 'binaryChecksum', 'stackTrace']);

const [version, ...names] = process.argv.slice(2);
if (!version || !/^v\d+$/.test(version))
  throw new Error('Say which version is recorded: node scripts/record-histories.ts v2');
const folder = fileURLToPath(new URL(`../test/histories/${version}/`, import.meta.url));
await mkdir(folder, { recursive: true });
await globalSetup();
const temporal = await startImpatientTemporal(SUGGESTED_FROM_EVENTS);
const world = await RealWorld.start(temporal.address, HISTORIES_SECRET);
try {
  await recordAll(folder, world, (name) => names.length === 0 || names.includes(name));
} finally {
  await world.stop();
  await temporal.teardown();
  await globalTeardown();
}
