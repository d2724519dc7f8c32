/** Something that grows, and that a test can wait for without polling. */
export class Watched<Item> {
  readonly items: Item[] = [];
  readonly #waiters = new Set<() => void>();

  add(item: Item): void {
    this.items.push(item);
    for (const waiter of this.#waiters) waiter();
  }

  /** Resolves as soon as it holds for the items. */
  async until(holds: (items: readonly Item[]) => boolean): Promise<void> {
    while (!holds(this.items)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      await promise;
      this.#waiters.delete(resolve);
    }
  }

  async count(n: number): Promise<void> {
    await this.until((items) => items.length >= n);
  }
}
