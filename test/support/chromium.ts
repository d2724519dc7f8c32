import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

import { cachedTool, platformName } from '../../src/platform/embedded/cache-dir.ts';
import { findOnPath, runCommand } from '../../src/platform/embedded/command.ts';
import { toolEnvironment } from '../../src/platform/embedded/environment.ts';
import { ServiceUnavailableAtStart, reasonOf } from '../../src/platform/embedded/errors.ts';
import { withProgress } from '../../src/platform/embedded/progress.ts';
import { packagedChromium } from './chromium-packaged.ts';
import type { BrowserProgram } from './chromium-packaged.ts';

const installedNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const downloadedNames = new Set(['headless_shell', 'chrome-headless-shell', 'chrome', 'Chromium']);
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/** Nothing that looks for a network: on a closed one each of these waits for an answer that never comes. */
const quietFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts a Chromium without a window: the one that CHROMIUM_PATH names, one on the PATH, the one from npm, or one that
 * Playwright downloads. The caller closes it.
 * @throws {ServiceUnavailableAtStart} when there is none; tests fail then, they are not skipped
 */
export async function launchBrowser(): Promise<Browser> {
  const { executablePath, environment } = await findBrowser();
  return await chromium.launch({ executablePath, env: environment, args: quietFlags });
}

async function findBrowser(): Promise<BrowserProgram> {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen !== undefined) return { executablePath: chosen, environment: toolEnvironment() };
  for (const name of installedNames) {
    const executablePath = await findOnPath(name);
    if (executablePath !== null) return { executablePath, environment: toolEnvironment() };
  }
  const failures: string[] = [];
  const sources =
    process.platform === 'linux' && process.arch === 'x64'
      ? [packagedChromium, downloadedChromium]
      : [downloadedChromium];
  for (const source of sources) {
    try {
      return await source(progress);
    } catch (error) {
      failures.push(reasonOf(error));
    }
  }
  throw new ServiceUnavailableAtStart(
    'Chromium',
    `There is no Chromium (${failures.join('; ')}): install one, or set CHROMIUM_PATH to its program.`,
  );
}

/** Playwright's own build of the version that this Playwright was tested with. */
async function downloadedChromium(): Promise<BrowserProgram> {
  const playwright = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
  const folder = await cachedTool(`playwright-chromium-${platformName()}`, progress, async (target) => {
    progress('downloading Chromium (once)');
    await withProgress(progress, 'still downloading', () =>
      runCommand(process.execPath, [join(playwright, 'cli.js'), 'install', '--only-shell', 'chromium'], {
        timeoutMs: DOWNLOAD_TIMEOUT_MS,
        environment: toolEnvironment({ PLAYWRIGHT_BROWSERS_PATH: target }),
      }),
    );
  });
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const program = files.find((file) => file.isFile() && downloadedNames.has(file.name));
  if (program === undefined) throw new Error(`Playwright left no browser in ${folder}`);
  return { executablePath: join(program.parentPath, program.name), environment: toolEnvironment() };
}

function progress(line: string): void {
  process.stderr.write(`[browser] ${line}\n`);
}
