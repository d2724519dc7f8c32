import { ApplicationFailure } from '@temporalio/workflow';
import { checkDecision } from '../src/approvals/rules/check.ts';
import type {
  ApprovalActivities,
  ApprovalChainInput,
  ApprovalControl,
  ApprovalRef,
  IntentInput,
  IntentKind,
  IntentOutcome,
  TimerKind,
} from './contracts/approvals.ts';

export interface DueTimer {
  readonly timer: TimerKind;
  readonly stage: number | null;
  readonly revision: number;
  readonly dueAt: number;
}

/** So many intents are remembered over continue-as-new; the database remembers all of them. */
const REMEMBERED_INTENTS = 500;

/** What a workflow knows of its request, and how it changes. Transitions come one after the other. */
export class ApprovalProgress {
  /** Counts changes, so that the main loop notices one. */
  changes = 0;
  #control: ApprovalControl;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #request: ApprovalRef;
  readonly #settled: string[];
  /** Timers that were told: the database may find one pointless and change nothing, and it must not fire for ever. */
  readonly #fired: Set<string>;
  readonly #activities: ApprovalActivities;

  constructor(input: ApprovalChainInput, activities: ApprovalActivities) {
    this.#request = { organization: input.organization, approval: input.approval };
    this.#control = input.control;
    this.#settled = [...(input.settled ?? [])];
    this.#fired = new Set(input.fired);
    this.#activities = activities;
  }

  get control(): ApprovalControl {
    return this.#control;
  }

  isClosed(): boolean {
    return this.#control.snapshot.closed;
  }

  /**
   * An Update's validator. Synchronous, since the SDK awaits none; what it refuses leaves no trace in the history. What it
   * lets pass is checked again by the activity, under the request's row lock.
   * @throws ApplicationFailure whose type is the refusal
   */
  check(kind: IntentKind, { intent, attempt, version }: IntentInput): void {
    if (this.#settled.includes(intent) || this.#isBehind(version)) return;
    const { snapshot } = this.#control;
    if (kind === 'decide') {
      if (!attempt) throw refusal('invalid-request');
      const verdict = checkDecision(snapshot, attempt);
      if (verdict !== 'accept' && verdict !== 'repeat') throw refusal(verdict);
    } else if (snapshot.closed) {
      throw refusal('approval-closed');
    }
  }

  carryOut({ intent }: IntentInput): Promise<IntentOutcome> {
    return this.#oneAtATime(async () => {
      if (this.#settled.includes(intent)) return { outcome: 'repeated' };
      const { result, control } = await this.#activities.applyIntent({ ...this.#request, intent, at: Date.now() });
      this.#settled.push(intent);
      this.#learn(control);
      return result;
    });
  }

  /** What runs out next, if anything does. */
  nextTimer(): DueTimer | null {
    const { timers, snapshot } = this.#control;
    const moments: [TimerKind, number | null][] = [
      ['expire', timers.expiresAt],
      ['deadline', timers.deadlineAt],
      ...timers.remindAt.map((moment): [TimerKind, number] => ['remind', moment]),
    ];
    const due = moments.flatMap(([timer, dueAt]) =>
      dueAt === null ? [] : [{ timer, stage: timers.stage, revision: snapshot.revision, dueAt }],
    );
    return due.filter((timer) => !this.#fired.has(keyOf(timer))).toSorted((a, b) => a.dueAt - b.dueAt)[0] ?? null;
  }

  async fire(timer: DueTimer): Promise<void> {
    await this.#oneAtATime(async () => {
      // Something that was heard while this waited its turn may have made the timer pointless.
      const next = this.nextTimer();
      if (next === null || keyOf(next) !== keyOf(timer)) return;
      const control = await this.#activities.fireTimer({
        ...this.#request,
        ...timer,
        at: Math.max(Date.now(), timer.dueAt),
      });
      this.#fired.add(keyOf(timer));
      this.#learn(control);
    });
  }

  /** What the next run starts from. */
  nextInput(): ApprovalChainInput {
    return {
      ...this.#request,
      control: this.#control,
      settled: this.#settled.slice(-REMEMBERED_INTENTS),
      fired: [...this.#fired],
    };
  }

  /** A transition is committed before it is told here; where the worker dies in between, it is told only when it is asked for again. */
  #isBehind(version: number | undefined): boolean {
    return version !== undefined && version > this.#control.version;
  }

  #learn(control: ApprovalControl): void {
    if (control.version > this.#control.version) this.#control = control;
    this.changes += 1;
  }

  /** State that was looked at before an await may have changed after it: one transition ends before the next begins. */
  #oneAtATime<Result>(transition: () => Promise<Result>): Promise<Result> {
    const run = this.#tail.then(transition);
    this.#tail = run.catch(() => undefined);
    return run;
  }
}

function keyOf({ timer, stage, revision, dueAt }: DueTimer): string {
  return `${timer}/${revision}/${stage}/${dueAt}`;
}

function refusal(code: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`refused: ${code}`, code);
}
