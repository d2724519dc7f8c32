import { html } from '../html.ts';
import type { Html } from '../html.ts';

/** A description as paragraphs, with what stands between backticks as code. Other Markdown is shown as it was written. */
export function prose(text: string): Html {
  return html`${text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => html`<p>${inline(paragraph)}</p>`)}`;
}

/** A description for a place inside a line or a table's cell. */
export function inline(text: string): Html {
  const parts = text.split(/`([^`\n]+)`/);
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
