import { assertAttributeAllowed, findHoles, TemplateError } from './template-holes.ts';
import type { Hole } from './template-holes.ts';

class Markup {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

class AttributeList {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** Markup that was made by {@link html} and is therefore safe. There is no way to turn a string into it. */
export type Html = Markup;
/** Attributes that were made by {@link attributes}; they may stand inside a tag. */
export type Attributes = AttributeList;
/** What may be put into a template: strings and numbers are escaped, `null`, `undefined` and `false` are nothing. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const UNREPRESENTABLE = /\p{Noncharacter_Code_Point}|(?![\t\n])\p{Cc}/gu;

/**
 * Makes any string safe in text and in a quoted attribute alike.
 * Characters that neither HTML nor XML can carry (controls, lone surrogates, noncharacters) become U+FFFD; line ends become LF.
 */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(UNREPRESENTABLE, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ESCAPED[character] ?? '');
}

const holesOfTemplate = new WeakMap<TemplateStringsArray, readonly Hole[]>();

function holesOf(chunks: TemplateStringsArray): readonly Hole[] {
  const known = holesOfTemplate.get(chunks);
  if (known) return known;
  const found = findHoles(chunks);
  holesOfTemplate.set(chunks, found);
  return found;
}

function asText(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(asText).join('');
}

/** A link leads to a path of this site, or to a web address: never to code (`javascript:`) or, unnoticed, to another host (`//host`). */
function assertNavigable(url: string): void {
  if (!/^(?:\/(?![/\\])|[#?]|https?:\/\/|$)/i.test(url))
    throw new TemplateError('a link must start with /, #, ? or http(s)://');
}

function asAttribute(value: Content | Attributes, startsUrl: boolean): string {
  if (value === null || value === undefined || value === false) return '';
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new TemplateError('an attribute takes a string or a number');
  if (startsUrl) assertNavigable(String(value));
  return escapeHtml(String(value));
}

function fill(hole: Hole | undefined, value: Content | Attributes): string {
  if (hole?.kind === 'attribute') return asAttribute(value, hole.startsUrl);
  if (hole?.kind === 'attributes') {
    if (value instanceof AttributeList) return value.toString();
    throw new TemplateError('inside a tag only attributes() may stand');
  }
  if (value instanceof AttributeList) throw new TemplateError('attributes() may stand only inside a tag');
  return asText(value);
}

/**
 * Template tag that escapes every value for the place where it stands.
 * Templates are strict: lower-case elements, `name="value"` attributes, void elements closed with `/>`, so that pages are well-formed XML too.
 * @throws TemplateError for a template that cannot be made safe; a mistake in the code, found the first time it is rendered.
 */
export function html(chunks: TemplateStringsArray, ...values: readonly (Content | Attributes)[]): Html {
  const holes = holesOf(chunks);
  const filled = values.map((value, index) => fill(holes[index], value) + (chunks[index + 1] ?? ''));
  return new Markup((chunks[0] ?? '') + filled.join(''));
}

/**
 * Attributes that are there or not: `true` writes an empty value, `null`, `undefined` and `false` leave the attribute out.
 * @throws TemplateError for names that are no plain attribute, inline styles and event handlers.
 */
export function attributes(values: Readonly<Record<string, string | number | boolean | null | undefined>>): Attributes {
  const written = Object.entries(values).map(([name, value]) => {
    if (!/^[a-z][a-z-]*$/.test(name) || /^(?:href|src|action|formaction)$/.test(name))
      throw new TemplateError(`attribute ${name} is written in the template itself`);
    assertAttributeAllowed(name);
    if (value === null || value === undefined || value === false) return '';
    return ` ${name}="${value === true ? '' : escapeHtml(String(value))}"`;
  });
  return new AttributeList(written.join(''));
}

/** The finished text of a page, to be sent as `text/html; charset=utf-8`. */
export function renderPage(page: Html): string {
  return page.toString();
}
