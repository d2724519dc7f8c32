/** Starts no sealing: nothing is written that could be sealed. */
export function sealingStarter() {
  return { start: () => undefined, stop: () => Promise.resolve() };
}
