import type { TestSystem } from '../../../support/system.ts';

type Workflows = TestSystem['core']['approvals']['workflows'];
type Sent = Parameters<Workflows['carryOut']>;

/** What others do at the worst moment: after something was accepted, and before or after its workflow was told. */
export interface Moments {
  readonly before?: () => Promise<unknown>;
  readonly after?: () => Promise<unknown>;
}

/**
 * Has something happen around the next intent of a kind that is handed to a workflow. The workflow itself is the real one.
 * @returns how often that intent was handed over so far
 */
export function aroundNext({ core }: TestSystem, kind: Sent[2], moments: Moments): () => number {
  const { workflows } = core.approvals;
  const real = workflows.carryOut.bind(workflows);
  let intent: string | null = null;
  let sent = 0;
  workflows.carryOut = async (...args: Sent) => {
    const first = intent === null && args[2] === kind;
    if (first) intent = args[3].intent;
    if (args[3].intent === intent) sent += 1;
    if (first) await moments.before?.();
    const outcome = await real(...args);
    if (first) await moments.after?.();
    return outcome;
  };
  return () => sent;
}
