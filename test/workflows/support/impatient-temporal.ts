import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalBinary } from '../../../src/platform/embedded/temporal-binary.ts';

/**
 * The real server, but one that suggests to continue as new early: usually it does so from 4,096 events on. The caller
 * calls `teardown()`.
 */
export async function startImpatientTemporal(suggestedFromEvents: number): Promise<TestWorkflowEnvironment> {
  const path = await findTemporalBinary((line) => process.stderr.write(`[temporal] ${line}\n`));
  const extraArgs = [
    '--log-level',
    'error',
    '--dynamic-config-value',
    `limit.historyCount.suggestContinueAsNew=${suggestedFromEvents}`,
  ];
  return TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path }, extraArgs } });
}
