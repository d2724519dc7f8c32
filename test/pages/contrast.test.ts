import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const CSS = readFileSync(new URL('../../src/pages/assets/countersign.css', import.meta.url), 'utf8');

type Palette = Readonly<Record<string, string>>;

function paletteIn(block: string): Palette {
  return Object.fromEntries(
    [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name = '', colour = '']) => [name, colour]),
  );
}

function rootBlock(pattern: RegExp): string {
  const [, block] = pattern.exec(CSS) ?? [];
  if (block === undefined) throw new Error('the style sheet has no such block');
  return block;
}

const LIGHT = paletteIn(rootBlock(/^:root \{([^}]*)\}/m));
const DARK = {
  ...LIGHT,
  ...paletteIn(rootBlock(/@media screen and \(prefers-color-scheme: dark\) \{\s*:root \{([^}]*)\}/)),
};

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2, "contrast ratio", from 1 to 21. */
function contrast(palette: Palette, first: string, second: string): number {
  const [dark = 0, light = 0] = [first, second]
    .map((name) => {
      const colour = palette[name];
      if (colour === undefined) throw new Error(`the palette has no ${name}`);
      return luminance(colour);
    })
    .toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT_PAIRS = [
  ...['ink', 'ink-soft', 'accent', 'bad', 'caution'].flatMap((text) =>
    ['paper', 'desk'].map((ground) => [text, ground] as const),
  ),
  ['on-accent', 'accent'],
  ['on-good', 'good'],
  ['on-bad', 'bad'],
  ['accent', 'accent-wash'],
  ['good', 'good-wash'],
  ['bad', 'bad-wash'],
  ['caution', 'caution-wash'],
  ['ink-soft', 'neutral-wash'],
  ['ink', 'accent-wash'],
  ['ink', 'bad-wash'],
  ['ink', 'neutral-wash'],
] as const;
const EDGE_PAIRS = [
  ['edge', 'paper'],
  ['accent', 'paper'],
  ['accent', 'desk'],
  ['bad', 'paper'],
] as const;

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
] as const)('the %s palette', (_name, palette) => {
  test.each(TEXT_PAIRS)('has a contrast of at least 4.5 for text in %s on %s (WCAG 2.2, 1.4.3)', (text, ground) => {
    expect(contrast(palette, text, ground)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(EDGE_PAIRS)(
    'has a contrast of at least 3 for the edges of controls in %s on %s (WCAG 2.2, 1.4.11)',
    (edge, ground) => {
      expect(contrast(palette, edge, ground)).toBeGreaterThanOrEqual(3);
    },
  );
});

test('dark is a palette of its own', () => {
  expect(Object.keys(LIGHT).filter((name) => LIGHT[name] === DARK[name])).toEqual([]);
});

test('the contrast of black and white is 21, of equal colours 1', () => {
  expect(contrast({ black: '#000000', white: '#ffffff' }, 'black', 'white')).toBeCloseTo(21);
  expect(contrast({ grey: '#777777' }, 'grey', 'grey')).toBe(1);
});

test('the style sheet loads nothing from elsewhere', () => {
  expect(CSS).not.toMatch(/url\(|@import|https?:/);
});
