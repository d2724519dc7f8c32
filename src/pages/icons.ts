import { html } from './html.ts';
import type { Html } from './html.ts';

const SHAPES = {
  check: html`<path d="M3 8.5l3.2 3.2L13 4.8"/>`,
  cross: html`<path d="M4 4l8 8M12 4l-8 8"/>`,
  clock: html`<circle cx="8" cy="8" r="5.8"/><path d="M8 4.8V8l2.2 1.6"/>`,
  hourglass: html`<path d="M4 2.5h8M4 13.5h8M5 2.5c0 3 1.5 4 3 5.5-1.5 1.5-3 2.5-3 5.5M11 2.5c0 3-1.5 4-3 5.5 1.5 1.5 3 2.5 3 5.5"/>`,
  pencil: html`<path d="M3 13l.8-3.2L10.6 3a1.2 1.2 0 0 1 1.7 0l.7.7a1.2 1.2 0 0 1 0 1.7l-6.8 6.8z"/>`,
  pen: html`<path d="M2.5 13.5h11M4 10.5l6.5-7 2 2-6.8 6.5L3.5 12.5z"/>`,
  undo: html`<path d="M5.5 3L2.8 5.7l2.7 2.7M3 5.7h6a3.8 3.8 0 0 1 0 7.6H6"/>`,
  dash: html`<path d="M3.5 8h9"/>`,
  arrowUp: html`<path d="M8 13V3.5M4 7.3L8 3.3l4 4"/>`,
  info: html`<circle cx="8" cy="8" r="5.8"/><path d="M8 7.3v3.7M8 4.9v.2"/>`,
  alert: html`<path d="M8 2.5l6 10.8H2zM8 6.5v3.2M8 11.5v.1"/>`,
  mail: html`<path d="M2.5 4h11v8.2h-11zM2.5 4.5L8 9l5.5-4.5"/>`,
} as const;

/** The icons there are. */
export type IconName = keyof typeof SHAPES;

/** A 16-unit line drawing in the colour of the text beside it. It is hidden from screen readers: the word beside it says the same. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${SHAPES[name]}</svg>`;
}
