import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../support/chromium.ts';
import { Office } from './support/office.ts';

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 860 };

let office: Office;
let browser: Browser;
const contexts: BrowserContext[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  [office, browser] = await Promise.all([
    Office.open({ req: ['member'], mia: ['manager'], dan: ['director'], eva: ['vp'] }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await office.close();
});
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  // A page that breaks its own content security policy, or misses a file, says so here.
  if (complaints.length > 0) throw new Error(`the browser complained: ${complaints.splice(0).join('; ')}`);
});

async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: office.system.baseUrl, ...options });
  contexts.push(context);
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`failed: ${new URL(request.url()).pathname.slice(0, 4)}`));
  return page;
}

const wider = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe.each([
  ['on a phone without JavaScript', { viewport: PHONE, javaScriptEnabled: false }],
  ['on a phone with JavaScript', { viewport: PHONE, javaScriptEnabled: true }],
  ['on a desktop without JavaScript', { viewport: DESKTOP, javaScriptEnabled: false }],
])('%s', (_case, options) => {
  test('one click in the mail and one confirmation decide; a reload shows the outcome again', async () => {
    const asked = await office.ask([['mia'], ['dan']], { amount: { value: '2500.00', currency: 'USD' } });
    const page = await newPage(options);
    await page.goto(await office.linkOf('mia', asked));
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(asked.title);
    expect(await wider(page)).toBe(0);
    await page.getByLabel('Comment (optional)').fill('From the browser');
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('Your decision is recorded').waitFor();
    expect(await page.getByText('From the browser').count()).toBeGreaterThan(0);
    expect(await wider(page)).toBe(0);
    await page.reload();
    await page.getByText('Your decision is recorded').waitFor();
    expect(await page.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0);
    expect((await office.read(asked)).stages[0]?.decisions).toMatchObject([
      { user_id: 'mia', comment: 'From the browser' },
    ]);
  });
});

describe('in a browser', () => {
  test('the keyboard alone is enough', async () => {
    const asked = await office.ask([['mia']]);
    const page = await newPage({ viewport: DESKTOP });
    await page.goto(await office.linkOf('mia', asked));
    await tabTo(page, 'comment');
    await page.keyboard.type('By keyboard');
    await tabTo(page, 'reject');
    await page.keyboard.press('Enter');
    await page.getByText('Your decision is recorded').waitFor();
    expect(await office.becomes(asked, 'rejected')).toMatchObject({
      stages: [{ decisions: [{ decision: 'reject', comment: 'By keyboard' }] }],
    });
  });

  test('an impatient double click counts once', async () => {
    const asked = await office.ask([['mia']]);
    const page = await newPage({ viewport: DESKTOP });
    // The first of two submissions is given up by the browser; that is no fault of the page.
    page.removeAllListeners('requestfailed');
    await page.goto(await office.linkOf('mia', asked));
    await page.getByRole('button', { name: 'Approve', exact: true }).dblclick();
    await page.getByText('Your decision is recorded').first().waitFor();
    await office.becomes(asked, 'approved');
    expect(await office.counted(asked)).toEqual(['0 mia approve']);
  });

  test('a code is asked for, mailed and entered; Enter in its field decides nothing', async () => {
    await office.system.need('PUT', '/api/v1/organization/settings', {
      step_up_amount: { value: '5000', currency: 'USD' },
    });
    try {
      const asked = await office.ask([['mia']], { amount: { value: '5000.00', currency: 'USD' } });
      const page = await newPage({ viewport: PHONE, javaScriptEnabled: false });
      await page.goto(await office.linkOf('mia', asked));
      await page.getByLabel('Comment (optional)').fill('line one\nline two');
      await page.getByRole('button', { name: 'Mail me a code' }).click();
      await page.getByText('We mailed a code to').waitFor();
      const code = await office.codeFor('mia', asked);
      const field = page.getByLabel('Code from the mail');
      await field.fill(`${code.slice(0, 3)} ${code.slice(3)}`);
      await field.press('Enter');
      expect(await office.counted(asked)).toEqual([]);
      expect(await page.getByLabel('Comment (optional)').inputValue()).toBe('line one\nline two');
      await page.getByRole('button', { name: 'Approve', exact: true }).click();
      await page.getByText('Your decision is recorded').waitFor();
      expect(await office.becomes(asked, 'approved')).toMatchObject({
        stages: [{ decisions: [{ comment: 'line one\nline two' }] }],
      });
    } finally {
      await office.system.need('PUT', '/api/v1/organization/settings', { step_up_amount: null });
    }
  });

  test('somebody signs in by a mailed link, decides in the inbox, and signs out', async () => {
    const asked = await office.ask([['eva']]);
    const page = await newPage({ viewport: PHONE });
    await page.goto('/inbox');
    await page.getByLabel('E-mail address').fill('eva@example.test');
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('a link is on its way').waitFor();
    await page.goto(await office.signInLink('eva@example.test'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: asked.title }).click();
    expect(await wider(page)).toBe(0);
    await page.getByRole('button', { name: 'Ask for changes' }).click();
    await page.getByText('Your decision is recorded').waitFor();
    await page.getByRole('link', { name: 'Inbox' }).click();
    await page.getByText('Nothing waits for you').first().waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto('/inbox');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await office.becomes(asked, 'changes_requested');
  });

  test('the mailbox shows a mail, and its HTML part in a frame', async () => {
    const asked = await office.ask([['mia']], { title: 'Shown in the mailbox' });
    const link = await office.linkOf('mia', asked);
    const page = await newPage({ viewport: PHONE });
    await page.goto('/dev/mailbox?to=mia@example.test');
    await page.getByRole('link', { name: 'Approval needed: Shown in the mailbox' }).click();
    await page.frameLocator('iframe').getByText('Look at the request and decide').waitFor();
    expect(await wider(page)).toBe(0);
    await page.locator(`a[href$="${link}"]`).click();
    await page.getByText('You are deciding as').waitFor();
  });
});

/** Presses Tab until the focus is on the element with this name or value. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate('`${document.activeElement.name} ${document.activeElement.value}`');
    if (typeof focused === 'string' && focused.split(' ').includes(wanted)) return;
  }
  throw new Error(`Tab never reached ${wanted}`);
}
