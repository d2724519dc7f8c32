import { html } from './html.ts';
import type { Html } from './html.ts';
import type { Erased, OptionalText } from './view-models.ts';

const BIDI_CONTROLS = /([\u202A-\u202E\u2066-\u2069])/;

/**
 * A text that somebody else wrote, for a place inside a line. It is isolated, so that right-to-left text cannot reorder what
 * stands around it, and characters that secretly turn the reading order (an amount read backwards) are made visible.
 */
export function supplied(text: string): Html {
  return html`<bdi>${withVisibleControls(text)}</bdi>`;
}

/** A longer text that somebody else wrote, with its line breaks. */
export function suppliedBlock(text: string): Html {
  return html`<div class="supplied-block" dir="auto">${withVisibleControls(text)}</div>`;
}

/** The same text for a place that shows no markup, such as a document's title: hidden reading-order characters are left out. */
export function suppliedPlain(text: string): string {
  return text.split(BIDI_CONTROLS).filter((part) => !BIDI_CONTROLS.test(part)).join('');
}

function withVisibleControls(text: string): readonly (Html | string)[] {
  return text.split(BIDI_CONTROLS).map((part) => (BIDI_CONTROLS.test(part) ? visibleControl(part) : part));
}

function visibleControl(character: string): Html {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return html`<span class="control-mark" title="A hidden character that changes the reading order">U+${code}</span>`;
}

/** Stands where a text was erased together with its person's key. */
function erasedMark(): Html {
  return html`<span class="erased">erased</span>`;
}

/** A name or title; `null` means that it was erased. */
export function suppliedOrErased(text: string | null): Html {
  return text === null ? erasedMark() : supplied(text);
}

/** A longer text that may be missing (then nothing is shown) or erased (then the page says so). */
export function optionalBlock(text: OptionalText): Html | null {
  if (text === null || text === '') return null;
  return isErased(text) ? html`<p>${erasedMark()}</p>` : suppliedBlock(text);
}

/** Whether a text was there and can no longer be read. */
function isErased(text: OptionalText): text is Erased {
  return text !== null && typeof text === 'object';
}
