/**
 * `npm test`: type check, format, lint, structure, unused code and all tests, one after the other, whatever the one before said. Arguments
 * go to Jest. The last line is `N passed, N failed`.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { StepRunner } from './support/run-step.ts';

interface Tally {
  passed: number;
  failed: number;
}

const runner = new StepRunner(fileURLToPath(new URL('..', import.meta.url)));
const jestArguments = process.argv.slice(2);

const steps: [name: string, run: () => Promise<Tally>][] = [
  ['Type check', () => check('tsc', ['-p', '.'])],
  ['Format', () => check('oxfmt', ['--check'])],
  ['Lint', () => check('oxlint', [])],
  ['Structure', checkStructure],
  ['Unused code', () => check('knip', ['--no-progress'])],
  ['Tests', runJest],
];

async function check(program: string, args: readonly string[]): Promise<Tally> {
  return oneTest((await runner.run(program, args)).exitCode === 0);
}

/** A cruiser that cannot read the sources finds nothing wrong in no modules at all. */
async function checkStructure(): Promise<Tally> {
  const { exitCode, output } = await runner.run(
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', 'src', 'workflows', 'activities'],
    {
      capture: true,
    },
  );
  const modules = Number(/(\d+) modules, \d+ dependencies cruised/.exec(output)?.[1] ?? 0);
  if (modules === 0) process.stdout.write('No module was looked at.\n');
  return oneTest(exitCode === 0 && modules > 0);
}

const jestReportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
});

async function runJest(): Promise<Tally> {
  const reportFile = join(tmpdir(), `countersign-jest-${randomUUID()}.json`);
  const { exitCode } = await runner.run('jest', ['--json', `--outputFile=${reportFile}`, ...jestArguments], {
    nodeOptions: '--experimental-vm-modules',
  });
  const report = await readReport(reportFile);
  if (report === null) return oneTest(false);

  // A file that cannot even be loaded has no failed tests, and a skipped test proves nothing: both count as failures.
  // Tests left out because the caller chose others by name are pending too, and that is no failure.
  const skipped = jestArguments.length === 0 ? report.numPendingTests + report.numTodoTests : 0;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + skipped;
  if (skipped > 0) process.stdout.write(`${skipped} tests were skipped.\n`);
  const unexplained = failed === 0 && (exitCode !== 0 || report.numPassedTests === 0);
  return { passed: report.numPassedTests, failed: unexplained ? 1 : failed };
}

/** Null when Jest ended before it wrote one, as it does when its services cannot be started. */
async function readReport(file: string): Promise<z.infer<typeof jestReportSchema> | null> {
  try {
    return jestReportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  } finally {
    await rm(file, { force: true });
  }
}

function oneTest(passed: boolean): Tally {
  return passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    runner.interrupt(signal);
  });
}

const total: Tally = { passed: 0, failed: 0 };
for (const [name, run] of steps) {
  if (runner.interrupted) break;
  process.stdout.write(`\n== ${name}\n`);
  const startedAt = performance.now();
  const { passed, failed } = await run();
  total.passed += passed;
  total.failed += failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`== ${name}: ${failed === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
}
if (runner.interrupted) process.stdout.write('\nInterrupted.\n');
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed > 0 || runner.interrupted ? 1 : 0;
