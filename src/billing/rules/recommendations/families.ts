/** Words that tell sizes of the same generation apart. */
const SIZES = new Set(
  'nano micro mini tiny lite light small medium large flash pro max ultra plus turbo haiku sonnet opus'.split(' '),
);
/** Words and dates that name a release. */
const RELEASE = /^(latest|preview|exp|experimental|\d{4}|\d{6}|\d{8}|\d{3}|v\d+)$/;
const DATE = /-\d{4}-\d{2}-\d{2}\b/g;

/**
 * What models of one generation have in common, whatever their size: `gpt-4o` for `gpt-4o-mini-2024-07-18`, `claude-4-5` for
 * `claude-haiku-4-5`. What is made for something else (`gpt-4o-audio-preview`) keeps the word that says so.
 */
export function familyOf(model: string): string {
  const words = model
    .toLowerCase()
    .replaceAll(DATE, '')
    .split(/[-_:\s]/);
  return words.filter((word) => word !== '' && !SIZES.has(word) && !RELEASE.test(word)).join('-');
}
