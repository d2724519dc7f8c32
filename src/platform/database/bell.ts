/** Says that there is something to do, without saying what: who hears it looks. */
export class Bell {
  readonly channel: string;
  /** It has rung, and other processes have not been told. */
  isUnsent = false;
  readonly #listeners = new Set<() => void>();

  /** @param channel the notification channel that other processes hear it on */
  constructor(channel: string) {
    this.channel = channel;
  }

  /** Tells who listens in this process, and marks it as to be sent to the others. */
  ring(): void {
    this.isUnsent = true;
    this.tell();
  }

  /** Tells who listens in this process. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** @returns ends it */
  onRing(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
