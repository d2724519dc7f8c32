import { uuid4 } from '@temporalio/workflow';
import {
  type BudgetEnforcementActivities,
  type BudgetEnforcementInput,
  type BudgetEvent,
  type BudgetPeriodRef,
  type EnforcementStep,
  isCrossing,
  type LookResult,
  type MeasureKind,
  type UndoneBecause,
} from './contracts/budget-enforcement.ts';

/** What the saga of a period has heard and has taken, and how it takes that back. */
export class EnforcementProgress {
  #hasEnded = false;
  readonly #period: BudgetPeriodRef;
  readonly #activities: BudgetEnforcementActivities;
  /** Not looked at yet, in the order in which they came. */
  readonly #heard: BudgetEvent[];
  /** What takes back each measure that may have been taken; the last one first. */
  readonly #compensations = new Map<string, MeasureKind>();

  constructor({ organization, period, heard = [] }: BudgetEnforcementInput, activities: BudgetEnforcementActivities) {
    this.#period = { organization, period };
    this.#activities = activities;
    this.#heard = [...heard];
  }

  /** The period is over, and nothing came while that was found out: who has been heard is to be answered first. */
  get isOver(): boolean {
    return this.#hasEnded && !this.hasHeard;
  }

  get hasHeard(): boolean {
    return this.#heard.length > 0;
  }

  hear(event: BudgetEvent): void {
    this.#heard.push(event);
  }

  /**
   * Tells of what was heard, and takes steps until there is none left to take.
   * @param isEnough ends it early; the next run goes on
   */
  async catchUp(isEnough: () => boolean): Promise<LookResult> {
    for (;;) {
      await this.#tell();
      const look = await this.#look();
      this.#hasEnded = look.step.do === 'end';
      if (look.step.do === 'end' || look.step.do === 'wait' || isEnough()) return look;
      await this.#take(look.step);
    }
  }

  /**
   * Restores what was before the saga did anything. A worker that was killed may have taken what this run does not know of:
   * the database does.
   */
  async compensate(): Promise<void> {
    await this.#look();
    for (const [measure, kind] of [...this.#compensations].toReversed()) await this.#undo(measure, kind, 'cancelled');
  }

  /** What the next run starts from; what is in force it finds by itself. */
  nextInput(): BudgetEnforcementInput {
    return { ...this.#period, heard: this.#heard };
  }

  async #look(): Promise<LookResult> {
    const look = await this.#activities.lookAtBudget({ ...this.#period, at: Date.now() });
    if (look.inForce) this.#compensations.set(look.inForce.measure, look.inForce.kind);
    return look;
  }

  /** An event leaves the list when it was told of: one that is brought again meanwhile is told of once all the same. */
  async #tell(): Promise<void> {
    for (let event = this.#heard[0]; event; event = this.#heard[0]) {
      const { id, type } = event;
      if (isCrossing(type)) await this.#activities.tellOfCrossing({ ...this.#period, event: id, type, at: Date.now() });
      this.#heard.shift();
    }
  }

  async #take(step: Extract<EnforcementStep, { do: 'take' | 'conclude' | 'undo' }>): Promise<void> {
    switch (step.do) {
      case 'take':
        return this.#impose(step.kind);
      case 'conclude':
        await this.#activities.concludeIncrease({ ...this.#period, measure: step.measure, at: Date.now() });
        this.#compensations.delete(step.measure);
        return;
      case 'undo':
        return this.#undo(step.measure, step.kind, step.because);
    }
  }

  /** How it is taken back stands before it is taken: an attempt that seems to have failed may have happened. */
  async #impose(kind: MeasureKind): Promise<void> {
    const input = { ...this.#period, measure: uuid4(), at: Date.now() };
    this.#compensations.set(input.measure, kind);
    if (kind === 'awaiting_approval') await this.#activities.askForIncrease(input);
    else await this.#activities.imposeMeasure({ ...input, kind });
  }

  async #undo(measure: string, kind: MeasureKind, because: UndoneBecause): Promise<void> {
    await this.#activities.undoMeasure({ ...this.#period, measure, kind, because, at: Date.now() });
    this.#compensations.delete(measure);
  }
}
