import { counted, formatAmount, formatMoment, formatRelative } from './format.ts';
import { html } from './html.ts';
import type { Content, Html } from './html.ts';
import { icon } from './icons.ts';
import { supplied, suppliedOrErased } from './supplied-text.ts';
import type { AmountView, PersonView } from './view-models.ts';
import type { StateLook } from './words.ts';

/** An amount of money, with its exact value for machines. */
export function amount(money: AmountView): Html {
  return html`<data class="amount" value="${money.value}">${formatAmount(money)}</data>`;
}

/** An instant in UTC, and how far it is from `now`. */
export function moment(at: Date, now: Date): Html {
  return html`${timestamp(at)} <span class="relative">(${formatRelative(at, now)})</span>`;
}

/** An instant in UTC. */
export function timestamp(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${formatMoment(at)}</time>`;
}

/** The moment until which an answer is awaited; says in words when it has passed. */
export function deadline(at: Date, now: Date): Html {
  const overdue = at.getTime() <= now.getTime();
  return html`${moment(at, now)}${overdue && html` <strong class="overdue">${icon('alert')}overdue</strong>`}`;
}

/** A state as icon and word, coloured as well but never by colour alone. */
export function stateBadge(look: StateLook): Html {
  return html`<span class="badge badge-${look.tone}">${icon(look.icon)}${look.word}</span>`;
}

/** A person's name, with the id that tells namesakes apart. */
export function person({ name, userId }: PersonView): Html {
  const id =
    name !== null && userId !== null && userId !== name && html` <span class="person-id">${supplied(userId)}</span>`;
  return html`<span class="person">${suppliedOrErased(name)}${id}</span>`;
}

/** Terms and their values; a pair without a value is left out. */
export function definitionList(pairs: readonly (readonly [term: Content, value: Content])[]): Html {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false);
  return html`<dl class="facts">${shown.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** A message about what just happened. `alert` interrupts a screen reader and is for what went wrong; `status` waits its turn. */
export function notice(role: 'status' | 'alert', title: Content, body?: Content): Html {
  const name = role === 'alert' ? 'alert' : 'info';
  return html`<div class="notice notice-${role}" role="${role}">${icon(name)}<div><p class="notice-title">${title}</p>${body}</div></div>`;
}

/** Links to the pages before and after this one. `noun` names what is listed, for those who hear the links only. */
export function pagination(
  noun: string,
  links: { readonly previous?: string | null; readonly next?: string | null },
): Html | null {
  if (!links.previous && !links.next) return null;
  return html`<nav class="pagination" aria-label="Pages of ${noun}">
    ${links.previous && html`<a class="button" href="${links.previous}" rel="prev">Previous ${noun}</a>`}
    ${links.next && html`<a class="button" href="${links.next}" rel="next">More ${noun}</a>`}
  </nav>`;
}

/** The token that proves a form was served by us to this visitor. */
export function csrfField(token: string): Html {
  return html`<input type="hidden" name="csrf" value="${token}"/>`;
}

/** Code that may be wider than the page: it scrolls in a region that the keyboard reaches. */
export function codeBlock(label: string, code: string): Html {
  return html`<pre class="code" tabindex="0" role="region" aria-label="${label}"><code>${code}</code></pre>`;
}

/** A table that may be wider than the page. The first cell of a row is its heading. */
export function dataTable(
  label: string,
  headings: readonly Content[],
  rows: readonly (readonly [heading: Content, ...cells: Content[]])[],
): Html {
  const body = rows.map(
    ([heading, ...cells]) =>
      html`<tr><th scope="row">${heading}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  );
  return html`<div class="data-table" tabindex="0" role="region" aria-label="${label}"><table>
    <thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
    <tbody>${body}</tbody>
  </table></div>`;
}

/** How many of the required approvals are there: `1 of 2 approvals`. */
export function quorum(given: number, required: number): Html {
  return html`<span class="quorum">${given} of ${counted(required, 'approval')}</span>`;
}
