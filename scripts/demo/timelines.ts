import { type Approval, type DemoApi, timelineSchema } from './api.ts';
import { personOf } from './cast.ts';
import { bold, chapter, say, stateWord, where } from './terminal.ts';

/** Prints what happened to each request, and where it can be looked at. */
export async function printTimelines(api: DemoApi, requests: readonly Approval[]): Promise<void> {
  chapter('What happened, as anybody who may know can read it');
  for (const { id, title, state } of requests) {
    const path = `/api/v1/approvals/${id}`;
    const { items } = await api.need(timelineSchema, 'GET', `${path}/timeline`);
    const began = new Date(items[0]?.at ?? 0).getTime();
    say('');
    say(`${bold(title ?? id)}: ${stateWord(state)}`);
    for (const { at, type, user_id, channel, detail } of items) {
      const who = [personOf(user_id)?.name, channel && `(${channel})`].filter(Boolean).join(' ');
      const seconds = `+${((new Date(at).getTime() - began) / 1000).toFixed(1)} s`;
      say(`${seconds.padStart(8)}  ${type.padEnd(14)} ${[who, detail].filter(Boolean).join(': ')}`);
    }
    where(`${api.settings.url}${path}/timeline`);
  }
}
