import { Rejection } from './rejection.ts';
import type { Line } from './rules/lines.ts';

/** What came of an event. */
export type Outcome =
  | { readonly status: 'accepted'; readonly line: Line }
  /** It was booked before, by this request or an earlier one. */
  | { readonly status: 'duplicate' }
  | { readonly status: 'rejected'; readonly rejection: Rejection };

/** What came of each event, as far as it is known yet. */
export class Outcomes {
  readonly #byIndex: (Outcome | undefined)[];
  readonly #firsts = new Map<number, number>();

  constructor(count: number) {
    this.#byIndex = Array.from({ length: count });
  }

  accept(index: number, line: Line): void {
    this.#byIndex[index] = { status: 'accepted', line };
  }

  reject(index: number, rejection: Rejection): void {
    this.#byIndex[index] = { status: 'rejected', rejection };
  }

  repeat(index: number, sameContent: boolean): void {
    if (sameContent) this.#byIndex[index] = { status: 'duplicate' };
    else
      this.reject(
        index,
        new Rejection('idempotency-conflict', [
          { path: 'id', message: 'was used for an event that says something else' },
        ]),
      );
  }

  /** The event at `first` comes again: where that one is not booked, neither was this one. */
  sameAs(index: number, first: number): void {
    this.#firsts.set(index, first);
  }

  all(): Outcome[] {
    return this.#byIndex.map((own, index) => {
      const first = this.#firsts.get(index);
      if (first === undefined) return definite(own, index);
      const outcome = definite(this.#byIndex[first], first);
      return outcome.status === 'rejected' ? outcome : { status: 'duplicate' };
    });
  }
}

function definite(outcome: Outcome | undefined, index: number): Outcome {
  if (!outcome) throw new Error(`event ${index} of a batch has no outcome`);
  return outcome;
}
