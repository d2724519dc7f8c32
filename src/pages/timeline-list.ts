import { moment } from './components.ts';
import { humanize } from './format.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { optionalBlock, supplied } from './supplied-text.ts';
import type { TimelineEntryView } from './view-models.ts';

/** All that happened to a request, in the order in which it happened. */
export function timelineList(entries: readonly TimelineEntryView[], now: Date): Html {
  return html`<ol class="timeline" role="list">${entries.map((entry) => timelineItem(entry, now))}</ol>`;
}

function timelineItem({ at, type, stage, name, channel, detail }: TimelineEntryView, now: Date): Html {
  return html`<li class="timeline-item">
    <p><strong>${humanize(type)}</strong>${stage !== null && html` · stage ${stage + 1}`}${name !== null && html` · ${supplied(name)}`}${
      channel !== null && html` · by ${supplied(channel)}`
    }</p>
    <p class="timeline-when">${moment(at, now)}</p>
    ${optionalBlock(detail)}
  </li>`;
}
