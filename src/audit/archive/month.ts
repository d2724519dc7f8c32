/** A month of the calendar, UTC, such as `2026-01`: what a partition of the log holds. */
export interface Month {
  readonly name: string;
  readonly start: Date;
  /** The first moment after it. */
  readonly end: Date;
}

const NAME = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** @returns null where the text is no month */
export function parseMonth(name: string): Month | null {
  const [, year, month] = NAME.exec(name) ?? [];
  if (year === undefined || month === undefined) return null;
  const [y, m] = [Number(year), Number(month) - 1];
  return { name, start: new Date(Date.UTC(y, m, 1)), end: new Date(Date.UTC(y, m + 1, 1)) };
}
