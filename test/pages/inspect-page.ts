import type { Page } from 'playwright-core';
import { z } from 'zod';
import { inspectInBrowser } from './in-browser.js';

const inspection = z.object({
  malformed: z.string().nullable(),
  duplicateIds: z.array(z.string()),
  danglingReferences: z.array(z.string()),
  inlineCode: z.array(z.string()),
  headings: z.array(z.object({ level: z.number(), text: z.string() })),
  landmarks: z.object({ header: z.number(), main: z.number(), footer: z.number() }),
  unlabelled: z.array(z.string()),
  horizontalOverflow: z.number(),
  clipped: z.array(z.string()),
  smallTargets: z.array(z.object({ element: z.string(), width: z.number(), height: z.number() })),
  lowContrast: z.array(z.object({ element: z.string(), ratio: z.number(), needed: z.number() })),
  focusable: z.number(),
  focusedIndex: z.number(),
});

/** What a browser made of a page: its structure, sizes and colours. */
type Inspection = z.infer<typeof inspection>;

/** Looks at the page that is open. `source` is its markup as it was sent; without it, the markup is not judged. */
export async function inspectPage(page: Page, source = '<html/>'): Promise<Inspection> {
  return inspection.parse(await page.evaluate(inspectInBrowser, source));
}

/** Presses Tab until the focus has been everywhere, and says how many of the focusable elements it never reached. */
export async function unreachedByTab(page: Page): Promise<number> {
  const { focusable } = await inspectPage(page);
  const reached = new Set<number>();
  for (let presses = 0; presses < 2 * focusable + 4 && reached.size < focusable; presses += 1) {
    await page.keyboard.press('Tab');
    const { focusedIndex } = await inspectPage(page);
    if (focusedIndex >= 0) reached.add(focusedIndex);
  }
  return focusable - reached.size;
}

const INTERACTIVE_ROLES = new Set([
  'button',
  'link',
  'textbox',
  'checkbox',
  'radio',
  'combobox',
  'searchbox',
  'Iframe',
  'region',
  'navigation',
  'form',
]);

/** The roles of those interactive elements and regions that a screen reader would announce without a name. */
export async function namelessInAccessibilityTree(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    return nodes
      .filter(
        ({ ignored, role, name }) =>
          !ignored && INTERACTIVE_ROLES.has(String(role?.value)) && String(name?.value ?? '').trim() === '',
      )
      .map(({ role }) => String(role?.value));
  } finally {
    await session.detach();
  }
}
