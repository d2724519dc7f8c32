/** Counts what is under way per receiver. */
export class InFlight {
  readonly #places: number;
  readonly #taken = new Map<string, number>();

  constructor(places: number) {
    this.#places = places;
  }

  /** @returns false where all places of the receiver are taken */
  enter(receiver: string): boolean {
    const taken = this.#taken.get(receiver) ?? 0;
    if (taken >= this.#places) return false;
    this.#taken.set(receiver, taken + 1);
    return true;
  }

  leave(receiver: string): void {
    const taken = this.#taken.get(receiver) ?? 0;
    if (taken > 1) this.#taken.set(receiver, taken - 1);
    else this.#taken.delete(receiver);
  }
}
