import { ProblemError } from '../../platform/errors.ts';

/** How many can be read at the same time. A place is taken before anything is read, so that nobody gets in between. */
export class ReadingPlaces {
  #left: number;

  constructor(places: number) {
    this.#left = places;
  }

  /**
   * Takes a place.
   * @returns gives it back; called again, it does nothing
   * @throws ProblemError `rate-limited` where there is none
   */
  take(): () => void {
    if (this.#left === 0)
      throw new ProblemError(
        'rate-limited',
        'Several exports are being read at this moment. Ask again when one is done.',
        { retryAfterSeconds: 5 },
      );
    this.#left -= 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.#left += 1;
      isTaken = false;
    };
  }
}

/**
 * The same values, and a call when no more of them are read: at their end, when reading fails, or when the reader goes away. The
 * `finally` of a generator would not do: it does not run where the reader has gone before the first value.
 */
export function whenOver<Value>(
  values: AsyncGenerator<Value, undefined>,
  over: () => void,
): AsyncIterableIterator<Value, undefined> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const next = await values.next();
        if (next.done === true) over();
        return next;
      } catch (error) {
        over();
        throw error;
      }
    },
    async return() {
      try {
        return await values.return(undefined);
      } finally {
        over();
      }
    },
  };
}
