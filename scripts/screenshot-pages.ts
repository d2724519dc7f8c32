import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { servePages } from '../test/pages/page-server.ts';
import type { PageServer } from '../test/pages/page-server.ts';
import { SAMPLE_PAGES } from '../test/pages/sample-pages.ts';
import { launchBrowser } from '../test/support/chromium.ts';

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 860 } } as const;
const SCHEMES = ['light', 'dark'] as const;

/** Draws every sample page, or those whose name is given, in both schemes and sizes into `<folder>/<page>-<size>-<scheme>.png`. */
async function screenshotPages(
  browser: Browser,
  server: PageServer,
  folder: string,
  names: readonly string[],
): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of SCHEMES) {
      const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled: false });
      const page = await context.newPage();
      for (const name of names) {
        await page.goto(server.url(name));
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      }
      await context.close();
    }
  }
}

const [folder, ...chosen] = process.argv.slice(2);
if (folder === undefined) {
  console.error('Say where the pictures go: node scripts/screenshot-pages.ts <folder> [page ...]');
  process.exitCode = 2;
} else {
  await mkdir(folder, { recursive: true });
  const server = await servePages(SAMPLE_PAGES);
  const browser = await launchBrowser();
  try {
    await screenshotPages(browser, server, folder, chosen.length > 0 ? chosen : Object.keys(SAMPLE_PAGES));
  } finally {
    await browser.close();
    await server.close();
  }
}
