const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 15 * 60_000;

/**
 * How long to wait before the next attempt: doubling from one second to 15 minutes. Up to half of it is taken off at
 * random, so that what failed together is not tried together again.
 * @param attempts how often it was tried, at least 1
 * @param random from 0 (included) to 1 (excluded)
 * @returns milliseconds
 */
export function retryDelay(attempts: number, random: number): number {
  const full = Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), LONGEST_DELAY_MS);
  return Math.max(FIRST_DELAY_MS, Math.round(full * (1 - random / 2)));
}
