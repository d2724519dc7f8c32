import { ProblemError } from '../../platform/errors.ts';

/**
 * How many can be read at the same time, and how many of them by one organization, so that none keeps all the others out. A
 * place is taken before anything is read, so that nobody gets in between.
 */
export class ReadingPlaces {
  readonly #most: { readonly all: number; readonly each: number };
  /** By organization. */
  readonly #readers = new Map<string, number>();

  constructor(most: { readonly all: number; readonly each: number }) {
    this.#most = most;
  }

  /**
   * Takes a place.
   * @returns gives it back; called again, it does nothing
   * @throws ProblemError `rate-limited` where there is none
   */
  take(organization: string): () => void {
    const all = [...this.#readers.values()].reduce((sum, readers) => sum + readers, 0);
    if (this.#of(organization) >= this.#most.each)
      throw tooMany('Your organization is reading several exports at this moment. Ask again when one is done.');
    if (all >= this.#most.all) throw tooMany('Many exports are being read at this moment. Ask again in a while.');
    this.#change(organization, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#change(organization, -1);
      isTaken = false;
    };
  }

  #of(organization: string): number {
    return this.#readers.get(organization) ?? 0;
  }

  #change(organization: string, by: 1 | -1): void {
    const readers = this.#of(organization) + by;
    if (readers === 0) this.#readers.delete(organization);
    else this.#readers.set(organization, readers);
  }
}

function tooMany(detail: string): ProblemError {
  return new ProblemError('rate-limited', detail, { retryAfterSeconds: 5 });
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
