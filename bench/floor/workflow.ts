import { allHandlersFinished, condition, defineUpdate, setHandler } from '@temporalio/workflow';

export const stepUpdate = defineUpdate<number, [string]>('step');

/** As little as a workflow can do that is updated twice: what Temporal costs by itself. */
export async function twoUpdates(): Promise<void> {
  let steps = 0;
  setHandler(stepUpdate, () => {
    steps += 1;
    return steps;
  });
  await condition(() => steps === 2);
  await condition(allHandlersFinished);
}
