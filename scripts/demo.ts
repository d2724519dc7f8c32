/**
 * `npm run demo`: three requests from asking to outcome on a running system, over HTTP and mail like everybody else.
 */
import { largeRequest, mediumRequest, smallRequest, type Stage } from './demo/acts.ts';
import { DemoApi } from './demo/api.ts';
import { assemble, CAST, HIERARCHY } from './demo/cast.ts';
import { DemoMailbox } from './demo/mailbox.ts';
import { DemoProblem } from './demo/problem.ts';
import { readSettings, type Settings, USAGE } from './demo/settings.ts';
import { chapter, say, where } from './demo/terminal.ts';
import { printTimelines } from './demo/timelines.ts';

async function play(settings: Settings): Promise<void> {
  const api = new DemoApi(settings);
  chapter('A team and four people');
  await assemble(api);
  const { requester, ...approvers } = CAST;
  say(`${requester.name} asks.`);
  for (const [index, { name, role }] of Object.values(approvers).entries())
    say(`${name}, ${role}, has to agree from ${HIERARCHY[index]?.threshold.toLocaleString('en-US')} dollars on.`);
  const mailbox = new DemoMailbox(api);
  const stage: Stage = { api, mailbox: (await mailbox.isThere()) ? mailbox : null };
  const requests = [await smallRequest(stage), await mediumRequest(stage), await largeRequest(stage)];
  await printTimelines(api, requests);
  showPlaces(stage);
}

function showPlaces({ api, mailbox }: Stage): void {
  chapter('Look around');
  const { url } = api.settings;
  if (mailbox) {
    say('Every mail, with the links that were followed (they now show the outcome):');
    where(`${url}/dev/mailbox`);
  }
  say(`The inbox; sign in as ${CAST.vp.email}, the link comes by mail:`);
  where(`${url}/inbox`);
  say('What the API can do:');
  where(`${url}/docs`);
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings) await play(settings);
  else process.stdout.write(USAGE);
} catch (error) {
  if (!(error instanceof DemoProblem)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}
