/** Starts no sealing. */
export class SealingStarter {
  start(): void {
    // Nothing is written that could be sealed.
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
