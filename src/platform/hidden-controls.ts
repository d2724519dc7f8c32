/** The characters that turn the reading order (Unicode Bidirectional Algorithm, UAX #9, 2.1 to 2.5). */
const BIDI_CONTROLS = /([\u202A-\u202E\u2066-\u2069])/;

/** A piece of a text: words, or one character that secretly turns the reading order (an amount read backwards). */
export type TextPart = { readonly text: string } | { readonly control: string };

/** Takes a text apart at such characters, each of which comes with its name, such as `U+202E`. */
export function splitAtControls(text: string): TextPart[] {
  return text
    .split(BIDI_CONTROLS)
    .map((part) => (BIDI_CONTROLS.test(part) ? { control: nameOf(part) } : { text: part }));
}

/** The text with such characters written out, for a place that shows no markup: `[U+202E]`. */
export function withVisibleControls(text: string): string {
  return splitAtControls(text)
    .map((part) => ('control' in part ? `[${part.control}]` : part.text))
    .join('');
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}`;
}
