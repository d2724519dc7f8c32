/**
 * `npm run screenshot`: the pictures of the README, from a running system: asks for an approval, waits for the mail, and
 * draws the page behind its link in Chromium. Takes the same settings as the demo; the request is withdrawn afterwards.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { launchBrowser } from '../test/support/chromium.ts';
import { approvalSchema, DemoApi } from './demo/api.ts';
import { assemble, CAST, TEAM } from './demo/cast.ts';
import { DemoMailbox, linkIn } from './demo/mailbox.ts';
import { DemoProblem } from './demo/problem.ts';
import { readSettings, USAGE } from './demo/settings.ts';

const FOLDER = fileURLToPath(new URL('../docs/images/', import.meta.url));
const PICTURES = { light: 'approval-page.png', dark: 'approval-page-dark.png' } as const;
const VIEWPORT = { width: 1280, height: 800 };

const REQUEST = {
  team_id: TEAM.id,
  kind: 'spend',
  requester_id: CAST.requester.id,
  title: 'Embeddings for the support archive',
  description:
    'Four years of tickets, about 2 billion tokens, embedded once. The nightly increments fit into the normal budget.',
  amount: { value: '2500.00', currency: TEAM.currency },
  context: { provider: 'OpenAI', model: 'text-embedding-3-large', cost_center: 'SUPPORT-12' },
} as const;

/** Asks, and waits for the link. */
async function makeRequest(api: DemoApi): Promise<{ id: string; link: string }> {
  const mailbox = new DemoMailbox(api);
  if (!(await mailbox.isThere()))
    throw new DemoProblem(
      'This system has no mailbox of its own, where the link would be. Use one that `npm start` runs.',
    );
  await assemble(api);
  const since = new Date();
  const { id } = await api.need(approvalSchema, 'POST', '/api/v1/approvals', REQUEST);
  return { id, link: linkIn(await mailbox.wait(CAST.manager.email, REQUEST.title, since)) };
}

async function draw(browser: Browser, link: string, scheme: keyof typeof PICTURES): Promise<void> {
  const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: scheme, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(link);
  await page.screenshot({ path: FOLDER + PICTURES[scheme], fullPage: true });
  await context.close();
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings === null) process.stdout.write(USAGE);
  else {
    const api = new DemoApi(settings);
    const { id, link } = await makeRequest(api);
    await mkdir(FOLDER, { recursive: true });
    const browser = await launchBrowser();
    try {
      await draw(browser, link, 'light');
      await draw(browser, link, 'dark');
    } finally {
      await browser.close();
    }
    await api.need(z.unknown(), 'POST', `/api/v1/approvals/${id}/withdraw`, { reason: 'The picture is taken.' });
    process.stdout.write(`Drew ${Object.values(PICTURES).join(' and ')} in ${FOLDER}\n`);
  }
} catch (error) {
  if (!(error instanceof DemoProblem)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}
