/**
 * A program of its own: `node sdk-download.ts dev-server|time-skipping VERSION FOLDER` lets the Temporal SDK download
 * one of its servers into FOLDER. The SDK offers the download only as part of starting the server, and its runtime can be made
 * only once a process, so that this must not happen in the process that later wants to configure it.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';

const [kind, version, downloadDir] = process.argv.slice(2);
if (downloadDir === undefined) throw new Error('usage: sdk-download.ts dev-server|time-skipping VERSION FOLDER');

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const executable = { type: 'cached-download' as const, version, downloadDir };
const environment =
  kind === 'time-skipping'
    ? await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })
    : await TestWorkflowEnvironment.createLocal({ server: { executable } });
await environment.teardown();
