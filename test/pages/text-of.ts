/** The words of a piece of our own markup, roughly as they are read: tags become spaces, white space is one space. */
export function textOf(markup: string): string {
  return markup
    .replace(/<\/?(?:strong|code|time|a|bdi|data|b)\b[^>]*>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[.,;)])/g, '')
    .trim();
}
