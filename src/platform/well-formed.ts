/**
 * Whether names of members and all texts are well-formed Unicode, however deep. Half of a surrogate pair, as an escape in JSON
 * can write it, cannot be stored as UTF-8; written out as JSON again, it would be escaped and no longer seen.
 */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return (
    value === null ||
    typeof value !== 'object' ||
    Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member))
  );
}
