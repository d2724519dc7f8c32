import { splitAtControls } from '../platform/hidden-controls.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import type { Erased, OptionalText } from './view-models.ts';

/**
 * A text that somebody else wrote, for a place inside a line. It is isolated, so that right-to-left text cannot reorder what
 * stands around it, and characters that secretly turn the reading order (an amount read backwards) are made visible.
 */
export function supplied(text: string): Html {
  return html`<bdi>${markControls(text)}</bdi>`;
}

/** A longer text that somebody else wrote, with its line breaks. */
export function suppliedBlock(text: string): Html {
  return html`<div class="supplied-block" dir="auto">${markControls(text)}</div>`;
}

/** The same text for a place that shows no markup, such as a document's title: hidden reading-order characters are left out. */
export function suppliedPlain(text: string): string {
  return splitAtControls(text)
    .map((part) => ('text' in part ? part.text : ''))
    .join('');
}

function markControls(text: string): readonly (Html | string)[] {
  return splitAtControls(text).map((part) => ('control' in part ? controlMark(part.control) : part.text));
}

function controlMark(name: string): Html {
  return html`<span class="control-mark" title="A hidden character that changes the reading order">${name}</span>`;
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
