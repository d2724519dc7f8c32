import type { Context } from './commands.ts';
import type { Approval, StageState } from './model.ts';
import { countedPeople } from './reading.ts';
import { resolveStage } from './resolve.ts';

/**
 * The stages of a request for showing: a waiting stage says who would be asked if it opened now. Nothing is decided by
 * this; the stage is resolved again when it opens.
 */
export function stagesToShow(approval: Approval, { at, facts }: Pick<Context, 'at' | 'facts'>): readonly StageState[] {
  const counted = countedPeople(approval);
  return approval.stages.map((stage) => {
    if (stage.state !== 'waiting') return stage;
    const { candidates, required } = resolveStage(stage, facts, approval.parties, counted, at);
    return { ...stage, asked: candidates, required };
  });
}
