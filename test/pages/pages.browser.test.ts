import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { renderPage } from '../../src/pages/html.ts';
import type { Html } from '../../src/pages/html.ts';
import { launchBrowser } from '../support/chromium.ts';
import { HOSTILE_TEXTS, hostilePages } from './hostile-pages.ts';
import { inspectPage, namelessInAccessibilityTree, unreachedByTab } from './inspect-page.ts';
import { servePages } from './page-server.ts';
import type { PageServer } from './page-server.ts';
import { SAMPLE_PAGES } from './sample-pages.ts';

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 860 };
const VIEWS = [PHONE, DESKTOP].flatMap((viewport) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme })),
);

const hostile = Object.fromEntries(
  Object.entries(HOSTILE_TEXTS).flatMap(([kind, text]) =>
    Object.entries(hostilePages(text)).map(([name, page]) => [`${name}-with-${kind}`, page]),
  ),
);
const pages: Readonly<Record<string, Html>> = { ...SAMPLE_PAGES, ...hostile };

let browser: Browser;
let server: PageServer;

beforeAll(async () => {
  [browser, server] = await Promise.all([launchBrowser(), servePages(pages)]);
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** Opens a page as somebody without JavaScript would, and collects what the browser complains about. */
async function visit<T>(
  name: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<T>,
): Promise<{ readonly seen: T; readonly complaints: readonly string[] }> {
  const context = await browser.newContext({ ...options, javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    await page.goto(server.url(name));
    return { seen: await look(page), complaints };
  } finally {
    await context.close();
  }
}

const sourceOf = (name: string): string => {
  const page = pages[name];
  if (!page) throw new Error(`no page ${name}`);
  return renderPage(page);
};

describe.each(Object.keys(pages))('the page %s', (name) => {
  test('is well-formed, has its landmarks, an outline without gaps, a label for every field, and keeps the content security policy', async () => {
    const { seen, complaints } = await visit(name, { viewport: DESKTOP }, (page) => inspectPage(page, sourceOf(name)));
    expect(complaints).toEqual([]);
    expect(seen).toMatchObject({
      malformed: null,
      duplicateIds: [],
      danglingReferences: [],
      inlineCode: [],
      unlabelled: [],
      landmarks: { header: 1, main: 1, footer: 1 },
    });
    const levels = seen.headings.map(({ level }) => level);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([]);
    expect(seen.headings.filter(({ text }) => text === '')).toEqual([]);
  });

  test('fits, can be read and hit on a phone and a desktop, in light and dark', async () => {
    const { seen } = await visit(name, {}, async (page) => {
      const inspections = [];
      for (const view of VIEWS) {
        await page.setViewportSize(view.viewport);
        await page.emulateMedia({ colorScheme: view.colorScheme });
        inspections.push({ ...view, ...(await inspectPage(page)) });
      }
      return inspections;
    });
    expect(seen).toMatchObject(
      VIEWS.map((view) => ({ ...view, horizontalOverflow: 0, clipped: [], smallTargets: [], lowContrast: [] })),
    );
  });
});

describe.each(Object.keys(SAMPLE_PAGES))('the page %s', (name) => {
  test('is reached everywhere by Tab, and tells a screen reader what everything is', async () => {
    const { seen } = await visit(name, { viewport: PHONE }, async (page) => ({
      nameless: await namelessInAccessibilityTree(page),
      unreached: await unreachedByTab(page),
    }));
    expect(seen).toEqual({ nameless: [], unreached: 0 });
  });
});

describe('a text that somebody else wrote', () => {
  test.each(Object.keys(HOSTILE_TEXTS))('adds no element to the page: %s', async (kind) => {
    const { seen } = await visit(`approval-with-${kind}`, {}, (page) =>
      page.locator('#injected, body script, [onfocus], [onerror]').count(),
    );
    expect(seen).toBe(0);
  });

  test('stands in the title and in the fields as it was written', async () => {
    const text = HOSTILE_TEXTS['markup'] ?? '';
    const { seen } = await visit('approval-with-markup', {}, async (page) => ({
      heading: await page.locator('h1').textContent(),
      comment: await page.locator('textarea').inputValue(),
    }));
    expect(seen).toEqual({ heading: text, comment: text });
  });

  test('cannot hide that it turns the reading order', async () => {
    const { seen } = await visit('approval-with-right-to-left', {}, (page) => page.locator('h1').innerText());
    expect(seen).toContain('U+202E00.005 DSU');
    expect(seen).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
  });
});

describe('the decision form', () => {
  async function sent(name: string, act: (page: Page) => Promise<void>): Promise<readonly string[]> {
    server.submissions();
    await visit(name, { viewport: DESKTOP }, act);
    return server.submissions();
  }
  const pressing = (button: string) => (page: Page) =>
    submit(page, () => page.getByRole('button', { name: button, exact: true }).click());
  const submit = async (page: Page, act: () => Promise<void>): Promise<void> => {
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await act();
    await answered;
  };

  test.each([
    ['Approve', 'approve'],
    ['Reject', 'reject'],
    ['Ask for changes', 'request_changes'],
  ])('%s sends that decision with revision and token', async (button, decision) => {
    expect(await sent('approval', pressing(button))).toEqual([
      `r/sample-token csrf=c5rf-sample&revision=2&comment=&decision=${decision}`,
    ]);
  });

  test('sends a typed comment as it was typed', async () => {
    const [submission = ''] = await sent('approval', async (page) => {
      await page.getByLabel('Comment (optional)').fill('\nAgreed & noted');
      await pressing('Approve')(page);
    });
    expect(new URLSearchParams(submission.split(' ')[1]).get('comment')).toBe('\r\nAgreed & noted');
  });

  test('asks for a code without deciding, even though the code is still missing', async () => {
    const [submission] = await sent('approval-in-inbox', pressing('Mail me a code'));
    expect(submission).toBe('r/sample-token csrf=c5rf-sample&revision=2&comment=&step=send_code&code=');
  });

  test('does not decide when Enter is pressed in the field for the code, nor without a code', async () => {
    const submissions = await sent('approval-in-inbox', async (page) => {
      const code = page.getByLabel('Code from the mail');
      await page.getByRole('button', { name: 'Approve', exact: true }).click();
      await code.fill('123456');
      await code.press('Enter');
      // The answer to this one comes after anything that the two before could have sent.
      await pressing('Mail me a code')(page);
    });
    expect(submissions).toHaveLength(1);
    expect(submissions[0]).not.toContain('decision');
  });

  test('keeps what was typed before an error, puts the focus there, and says what is wrong', async () => {
    const { seen } = await visit('approval-step-up', { viewport: DESKTOP }, async (page) => ({
      comment: await page.locator('textarea').inputValue(),
      code: await page.locator(':focus').inputValue(),
      wrong: await page
        .getByRole('textbox', { name: 'Code from the mail', description: /not the code we mailed/ })
        .count(),
    }));
    expect(seen).toEqual({
      comment: 'Approved for the coated lenses.\nPlease report after the first run.',
      code: '482 91',
      wrong: 1,
    });
  });
});
