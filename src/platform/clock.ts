/** The one place where time comes from. Rules never read it: they are handed the moment. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
