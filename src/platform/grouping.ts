interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface GroupingLimits {
  /** Groups on their way at a time. */
  readonly atOnce: number;
  /** Items of a group. */
  readonly most: number;
}

/**
 * Group commit: what arrives while others are on their way goes together as soon as they are back. Who comes alone never
 * waits, and under load a group costs little more than one of its items would.
 */
export class Grouping<Item, Result> {
  readonly #carry: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #limits: GroupingLimits;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #onTheWay = 0;

  /** @param carry answers in the order of the items; where it fails, all of them fail */
  constructor(carry: (items: readonly Item[]) => Promise<readonly Result[]>, limits: GroupingLimits) {
    this.#carry = carry;
    this.#limits = limits;
  }

  get isIdle(): boolean {
    return this.#onTheWay === 0 && this.#waiting.length === 0;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#depart();
    });
  }

  #depart(): void {
    if (this.#onTheWay >= this.#limits.atOnce || this.#waiting.length === 0) return;
    this.#onTheWay += 1;
    void this.#travel(this.#waiting.splice(0, this.#limits.most));
  }

  async #travel(group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#carry(group.map(({ item }) => item));
      group.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      this.#onTheWay -= 1;
      this.#depart();
    }
  }
}
