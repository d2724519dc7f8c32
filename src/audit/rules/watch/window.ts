import { addDuration, parseDuration } from '../../../platform/duration.ts';

/** The length of a window in milliseconds. */
export function windowMs(within: string): number {
  return addDuration(new Date(0), parseDuration(within)).getTime();
}

/** Where a window begins that ends with the latest of these moments: entries do not always come in the order of their moments. */
export function windowStart(moments: readonly number[], lengthMs: number): number {
  return moments.reduce((latest, moment) => Math.max(latest, moment), -Infinity) - lengthMs;
}
