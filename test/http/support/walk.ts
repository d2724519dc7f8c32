export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every object inside a value, itself included, that is as wanted. */
export function* deeply(
  value: unknown,
  isWanted: (value: Record<string, unknown>) => boolean,
): Generator<Record<string, unknown>> {
  if (isRecord(value) && isWanted(value)) yield value;
  if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) yield* deeply(member, isWanted);
}
