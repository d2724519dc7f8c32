import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TestWorkflowEnvironment } from '@temporalio/testing';

import { cachedTool, platformName } from '../../src/platform/embedded/cache-dir.ts';
import { findOnPath, runCommand } from '../../src/platform/embedded/command.ts';
import { ServiceUnavailableAtStart, reasonOf } from '../../src/platform/embedded/errors.ts';
import { withProgress } from '../../src/platform/embedded/progress.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { downloadWithSdk } from '../../src/platform/embedded/temporal-binary.ts';

const SERVER_VERSION = '1.31.0';
const MAVEN_TIMEOUT_MS = 15 * 60_000;
const START_ATTEMPTS = 3;

/**
 * A Temporal in which 30 days of timers pass at once. It has no Schedules and weak visibility. Time is skipped for the
 * whole environment, so every test file has its own. The caller calls `teardown()`.
 * @throws {ServiceUnavailableAtStart} when the server cannot be had
 */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const path = await timeSkippingServerPath((line) => process.stderr.write(`[time-skipping server] ${line}\n`));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path } },
      });
    } catch (error) {
      // The SDK gives the server five seconds, which a machine busy with other tests may not keep.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

/**
 * The path of a program that starts Temporal's time-skipping test server: from the cache, else downloaded by the SDK,
 * else from Maven Central.
 * @throws {ServiceUnavailableAtStart} where neither works
 */
export async function timeSkippingServerPath(progress: Progress): Promise<string> {
  const folder = await cachedTool(`temporal-test-server-${SERVER_VERSION}-${platformName()}`, progress, (target) =>
    obtain(target, progress),
  );
  return join(folder, 'start');
}

async function obtain(folder: string, progress: Progress): Promise<void> {
  progress('downloading the time-skipping test server (once)');
  try {
    await downloadWithSdk('time-skipping', SERVER_VERSION, join(folder, 'server'), progress);
    await writeStartScript(folder, '"$here/server"');
  } catch (error) {
    progress('the download is refused: getting it from Maven Central (once)');
    await getWithMaven(folder, progress, error);
    await writeStartScript(
      folder,
      'java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/jars/*" io.temporal.testserver.TestServer',
    );
  }
}

async function getWithMaven(folder: string, progress: Progress, downloadFailure: unknown): Promise<void> {
  for (const program of ['java', 'mvn']) {
    if ((await findOnPath(program)) === null)
      throw missing(
        `it cannot be downloaded, and "${program}", which could get it from Maven Central, is not installed`,
        downloadFailure,
      );
  }
  const project = join(folder, 'pom.xml');
  await writeFile(project, pom);
  await mkdir(join(folder, 'jars'));
  try {
    await withProgress(progress, 'still getting it', () =>
      runCommand(
        'mvn',
        ['-q', '-B', '-f', project, 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'jars')}`],
        {
          timeoutMs: MAVEN_TIMEOUT_MS,
          cwd: folder,
        },
      ),
    );
  } catch (error) {
    throw missing(`it cannot be downloaded, and getting it from Maven Central failed (${reasonOf(error)})`, error);
  }
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>countersign</groupId>
  <artifactId>time-skipping-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${SERVER_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

/**
 * The SDK kills the server on teardown only. A test process that is killed would leave it behind, so something small
 * watches that process and ends the server after it.
 */
async function writeStartScript(folder: string, command: string): Promise<void> {
  const script = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
server=$$
parent=$PPID
(
  while kill -0 "$parent" && kill -0 "$server"; do sleep 1; done
  kill -0 "$server" && kill -KILL "$server"
) </dev/null >/dev/null 2>&1 &
exec ${command} "$@"
`;
  await writeFile(join(folder, 'start'), script);
  await chmod(join(folder, 'start'), 0o755);
}

function missing(why: string, cause?: unknown): ServiceUnavailableAtStart {
  return new ServiceUnavailableAtStart(
    'Time-skipping server',
    `The time-skipping test server is missing: ${why}; install Java and Maven, or allow the download.`,
    { cause },
  );
}
