import { counted, humanize } from './format.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { supplied, suppliedBlock } from './supplied-text.ts';

const MAX_DEPTH = 4;
const MAX_VALUES = 200;
const MAX_TEXT = 2000;
const ONE_LINE = 80;

/** What is left to be shown; shared by the whole value, so that many small branches cannot grow a huge page. */
interface Budget {
  values: number;
}

/**
 * Any JSON value as nested definition lists, for people. At most 200 values, 4 levels and 2,000 characters a text are shown;
 * where something is left out, the page says so, because people answer for what they approve.
 */
export function contextList(value: unknown): Html {
  return valueOf(value, 0, { values: MAX_VALUES });
}

function valueOf(value: unknown, depth: number, budget: Budget): Html {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') return html`<span class="number">${value}</span>`;
  if (typeof value === 'boolean') return html`${value ? 'yes' : 'no'}`;
  if (typeof value !== 'object' || value === null) return html`<span class="muted">none</span>`;
  const size = Object.keys(value).length;
  if (size === 0) return html`<span class="muted">empty</span>`;
  if (depth >= MAX_DEPTH) return leftOut(size);
  return Array.isArray(value) ? listOf(value, depth, budget) : objectOf(value, depth, budget);
}

function textOf(text: string): Html {
  if (text === '') return html`<span class="muted">empty</span>`;
  if (text.length > MAX_TEXT) {
    return html`${suppliedBlock(withoutHalfCharacter(text.slice(0, MAX_TEXT)))}<p class="left-out">${counted(text.length - MAX_TEXT, 'more character')} not shown here</p>`;
  }
  return text.length > ONE_LINE || text.includes('\n') ? suppliedBlock(text) : supplied(text);
}

/** A cut between the two halves of a surrogate pair would leave a character that nobody wrote. */
const withoutHalfCharacter = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, '');

function objectOf(object: object, depth: number, budget: Budget): Html {
  const { shown, hidden } = take(Object.entries(object), budget);
  const pairs = shown.map(
    ([key, value]) => html`<div><dt>${supplied(humanize(key))}</dt><dd>${valueOf(value, depth + 1, budget)}</dd></div>`,
  );
  return html`<dl class="facts context">${pairs}</dl>${hidden > 0 && leftOut(hidden)}`;
}

function listOf(list: readonly unknown[], depth: number, budget: Budget): Html {
  const { shown, hidden } = take(list, budget);
  return html`<ul class="context-items" role="list">${shown.map((value) => html`<li>${valueOf(value, depth + 1, budget)}</li>`)}</ul>${hidden > 0 && leftOut(hidden)}`;
}

function take<T>(all: readonly T[], budget: Budget): { readonly shown: readonly T[]; readonly hidden: number } {
  const shown = all.slice(0, budget.values);
  budget.values -= shown.length;
  return { shown, hidden: all.length - shown.length };
}

function leftOut(count: number): Html {
  return html`<p class="left-out">${counted(count, 'more value')} not shown here; the API shows all</p>`;
}
