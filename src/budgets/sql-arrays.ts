/** An array of ids as PostgreSQL reads it (8.15.2): UUIDs need no quotes. */
export function arrayText(ids: readonly string[]): string {
  return `{${ids.join(',')}}`;
}

/** An array of texts, whatever they hold. */
export function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
}
