/** From one moment up to, and without, another. */
export interface ExportRange {
  readonly from: Date;
  readonly to: Date;
}

/**
 * A time that is not over yet is cut off at the present, whose moment it still holds: a bundle must not say of the future
 * that nothing happened in it.
 */
export function cutAtPresent({ from, to }: ExportRange, now: Date): ExportRange {
  const justAfter = new Date(now.getTime() + 1);
  return { from, to: to < justAfter ? to : justAfter };
}
