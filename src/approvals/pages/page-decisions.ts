import { type ProblemCode, ProblemError } from '../../platform/errors.ts';
import type { Origin, Transaction } from '../../platform/unit-of-work.ts';
import type { ApprovalCommands } from '../commands.ts';
import type { Channel, DecisionKind } from '../rules.ts';
import { CodeRefused, type CodeFault, type StepUp } from '../step-up.ts';

/** A decision as a form brings it. */
export interface PageDecision {
  readonly approval: string;
  readonly person: string;
  /** The link's or the session's id. */
  readonly door: string;
  readonly decision: DecisionKind;
  readonly comment: string | null;
  readonly revision: number | null;
  readonly channel: Channel;
  /** The id under which it is recorded: the same whenever the same form is sent again. */
  readonly intent: string;
  /** null where no code is needed. */
  readonly code: string | null;
  /** What is used up along with it; runs in the transaction that records the decision. */
  readonly alsoRecord: (tx: Transaction) => Promise<void>;
}

/** `unavailable`: it may be recorded all the same, and is then carried out later. */
export type Taken =
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'refused' | 'unavailable'; readonly problem: ProblemError }
  | { readonly outcome: 'code-refused'; readonly fault: CodeFault };

const REFUSALS: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'already-decided',
  'approval-closed',
  'stale-revision',
  'not-an-approver',
  'separation-of-duties',
]);

/** Takes the decisions that come from pages. */
export class PageDecisions {
  readonly #commands: ApprovalCommands;
  readonly #stepUp: StepUp;

  constructor(parts: { commands: ApprovalCommands; stepUp: StepUp }) {
    this.#commands = parts.commands;
    this.#stepUp = parts.stepUp;
  }

  async take(origin: Origin, decision: PageDecision): Promise<Taken> {
    try {
      await this.#decide(origin, decision);
      return { outcome: 'taken' };
    } catch (error) {
      if (error instanceof CodeRefused) return { outcome: 'code-refused', fault: error.fault };
      if (error instanceof ProblemError && error.code === 'unavailable')
        return { outcome: 'unavailable', problem: error };
      if (error instanceof ProblemError && REFUSALS.has(error.code)) return { outcome: 'refused', problem: error };
      throw error;
    }
  }

  /** The attempt is counted on its own, so that a refusal does not take it back; the code is used up with the decision. */
  async #decide(
    origin: Origin,
    { approval, person, door, decision, comment, revision, channel, intent, code, alsoRecord }: PageDecision,
  ): Promise<void> {
    const confirmed = { approval, person, door };
    if (code !== null) await this.#stepUp.attempt(origin, confirmed, code);
    await this.#commands.decide(
      origin,
      approval,
      person,
      { decision, comment, revision },
      channel,
      intent,
      async (tx) => {
        await alsoRecord(tx);
        if (code !== null) await this.#stepUp.use(tx, confirmed, code);
      },
    );
  }
}
