/** Where in a template a value stands, which decides how it must be written. */
export type Hole =
  | { readonly kind: 'text' }
  | { readonly kind: 'attributes' }
  | { readonly kind: 'attribute'; readonly startsUrl: boolean };

/** Thrown when a template or one of its values is written in a way that could not be made safe. A mistake in the code, never the visitor's. */
export class TemplateError extends Error {
  readonly code = 'html-template';
}

type Position =
  | { readonly in: 'text' }
  | { readonly in: 'tag' }
  | { readonly in: 'value'; readonly attribute: string; readonly empty: boolean };

const TEXT: Position = { in: 'text' };
const TAG: Position = { in: 'tag' };
const FORBIDDEN_ELEMENT = /^(?:script|style|base|object|embed)$/i;
const FORBIDDEN_ATTRIBUTE = /^(?:style|srcdoc|on.*)$/i;
const URL_ATTRIBUTE = /^(?:href|src|action|formaction)$/i;

/** The pages' content security policy forbids inline code and styles: refuse them where they are written, not in the visitor's browser. */
export function assertAttributeAllowed(name: string): void {
  if (FORBIDDEN_ATTRIBUTE.test(name)) throw new TemplateError(`attribute ${name} is not allowed`);
}

function assertElementAllowed(name: string): void {
  if (FORBIDDEN_ELEMENT.test(name)) throw new TemplateError(`element ${name} is not allowed`);
}

/** Steps over one token of the small, strict HTML that our templates are written in; everything else is refused. */
function step(position: Position, rest: string): { readonly length: number; readonly next: Position } {
  if (position.in === 'text') {
    const text = /^(?:[^<]+|<!DOCTYPE html>)/.exec(rest);
    if (text) return { length: text[0].length, next: TEXT };
    const opening = /^<\/?([a-z][a-z0-9]*)(?=[\s/>]|$)/.exec(rest);
    if (opening?.[1] === undefined) throw new TemplateError(`no tag: ${rest.slice(0, 40)}`);
    assertElementAllowed(opening[1]);
    return { length: opening[0].length, next: TAG };
  }
  if (position.in === 'tag') {
    const space = /^\s+/.exec(rest);
    if (space) return { length: space[0].length, next: TAG };
    const closing = /^\/?>/.exec(rest);
    if (closing) return { length: closing[0].length, next: TEXT };
    const attribute = /^([a-zA-Z][a-zA-Z0-9:-]*)="/.exec(rest);
    if (attribute?.[1] === undefined)
      throw new TemplateError(`attributes are written name="value": ${rest.slice(0, 40)}`);
    assertAttributeAllowed(attribute[1]);
    return { length: attribute[0].length, next: { in: 'value', attribute: attribute[1], empty: true } };
  }
  const value = /^[^"]+/.exec(rest);
  return value ? { length: value[0].length, next: { ...position, empty: false } } : { length: 1, next: TAG };
}

function scan(chunk: string, from: Position): Position {
  let position = from;
  for (let at = 0; at < chunk.length;) {
    const { length, next } = step(position, chunk.slice(at));
    at += length;
    position = next;
  }
  return position;
}

function holeAt(position: Position): Hole {
  if (position.in === 'text') return { kind: 'text' };
  if (position.in === 'tag') return { kind: 'attributes' };
  return { kind: 'attribute', startsUrl: position.empty && URL_ATTRIBUTE.test(position.attribute) };
}

/**
 * Reads the fixed parts of a template once and says for every value between them where it stands.
 * @throws TemplateError where a value could not be escaped safely (unquoted, inside a script, in a tag's name) or a tag is left open.
 */
export function findHoles(chunks: readonly string[]): readonly Hole[] {
  let position = TEXT;
  const holes = chunks.map((chunk) => {
    position = scan(chunk, position);
    const hole = holeAt(position);
    if (position.in === 'value') position = { ...position, empty: false };
    return hole;
  });
  if (position.in !== 'text') throw new TemplateError('the template ends inside a tag');
  return holes.slice(0, -1);
}
